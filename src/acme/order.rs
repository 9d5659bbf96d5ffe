//! Getting a certificate.

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};

use super::cache::{self, Cache, CacheError, Kept};
use super::http::{CaError, Client};
use super::options::AcmeOptions;
use crate::transport::{Certificate, CertificateError, TlsAcceptor};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    /// The authority is not reached, or refuses.
    #[error(transparent)]
    Acme(#[from] Error),
    #[error(transparent)]
    Ca(#[from] CaError),
    /// It cannot be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// What the authority is to be shown cannot be made.
    #[error(transparent)]
    Making(#[from] rcgen::Error),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the authority does not look for {0} over TLS")]
    NoChallenge(String),
    #[error("the authority has not found that all names are of this server")]
    NotShown,
}

/// The account does not exist (RFC 8555, section 6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Gets a certificate from the authority and keeps it.
pub(super) async fn order(
    options: &AcmeOptions,
    cache: &Cache,
    acceptor: &TlsAcceptor,
) -> Result<Certificate, OrderError> {
    let account = account(options, cache).await?;
    let names: Vec<_> = options.domains.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let ready = show_names(&mut order, acceptor).await;
    options.domains.iter().for_each(|name| acceptor.answer(name, None));
    ready?;
    let key = order.finalize().await?;
    let certificate = order.poll_certificate(&RetryPolicy::default()).await?;
    let loaded = Certificate::from_pem(certificate.as_bytes(), key.as_bytes())?;
    let (directory, domains) = (options.directory.clone(), options.domains.clone());
    let kept = Kept { directory, domains, certificate, key };
    cache.keep_certificate(&kept)?;
    Ok(loaded)
}

/// Shows the authority that the names are this server's.
async fn show_names(order: &mut Order, acceptor: &TlsAcceptor) -> Result<(), OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let mut challenge = authorization
            .challenge(ChallengeType::TlsAlpn01)
            .ok_or_else(|| OrderError::NoChallenge(name.clone()))?;
        let shown = challenge_certificate(&name, challenge.key_authorization().digest().as_ref())?;
        acceptor.answer(&name, Some(&shown));
        challenge.set_ready().await?;
    }
    match order.poll_ready(&RetryPolicy::default()).await? {
        OrderStatus::Ready => Ok(()),
        _ => Err(OrderError::NotShown),
    }
}

/// The certificate by which an authority sees that a name is this server's (RFC 8737, section 3).
fn challenge_certificate(name: &str, digest: &[u8]) -> Result<Certificate, OrderError> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Certificate::made_together(certificate.pem().as_bytes(), key.serialize_pem().as_bytes())?)
}

/// The account that is kept, or a new one.
async fn account(options: &AcmeOptions, cache: &Cache) -> Result<Account, OrderError> {
    let contact = options.email.as_ref().map(|email| format!("mailto:{email}"));
    let contacts: Vec<&str> = contact.iter().map(String::as_str).collect();
    let builder =
        || Ok::<_, CaError>(Account::builder_with_http(Box::new(Client::new(options.ca.as_deref())?)));
    if let Some(kept) = cache.account()
        && kept.directory == options.directory
        && kept.email == options.email
    {
        let account = builder()?.from_credentials(kept.credentials).await?;
        // Nothing changes by it; it tells whether the authority knows the account.
        match account.update_contacts(&contacts).await {
            Ok(()) => return Ok(account),
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(NO_ACCOUNT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let new = NewAccount { contact: &contacts, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder()?.create(&new, options.directory.clone(), None).await?;
    let (directory, email) = (options.directory.clone(), options.email.clone());
    cache.keep_account(&cache::Account { directory, email, credentials })?;
    Ok(account)
}
