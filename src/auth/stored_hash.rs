//! Hashes of passwords as the store has them.

use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, Version};

/// Memory, passes and lanes beyond which an argon2 hash is not verified, and cost beyond which a bcrypt hash
/// is not: one log-in would take seconds and as much memory as all else. 256 MiB is twelve times our own.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;
const BCRYPT_COST_MAX: u32 = 16;

/// What the work of a hash that cannot be verified is done with in its place.
const NO_SALT: &[u8; 16] = b"no such account.";

/// What a password is compared with.
pub(super) enum StoredHash {
    /// In PHC string format.
    Argon2 {
        hash: Box<PasswordHash>,
        /// Whether it was made as a new one would be.
        is_current: bool,
    },
    /// `$2a$`, `$2b$` or `$2y$`, as passlib made them for the program that came before.
    Bcrypt(String),
    /// No account, or a hash that nobody can have made here. It takes as long as one of ours.
    Unverifiable,
}

impl StoredHash {
    /// Never fails: what is not understood cannot be verified.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| argon2(text).or_else(|| bcrypt(text))).unwrap_or(Self::Unverifiable)
    }

    /// Whether it is the hash of `password`. Takes milliseconds to seconds.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        match self {
            Self::Argon2 { hash, .. } => Argon2::default().verify_password(password, &**hash).is_ok(),
            // It reads 72 bytes and no more, as passlib did.
            Self::Bcrypt(text) => bcrypt::verify(password, text).unwrap_or(false),
            Self::Unverifiable => {
                let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
                let work = Argon2::default().hash_password_into(password, NO_SALT, &mut output);
                // Lest it be seen that nothing comes of it, and left out.
                std::hint::black_box((work.is_ok(), output));
                false
            }
        }
    }

    /// Whether a new hash of the same password would be better.
    pub(super) fn is_outdated(&self) -> bool {
        !matches!(self, Self::Argon2 { is_current: true, .. })
    }
}

fn argon2(text: &str) -> Option<StoredHash> {
    let hash = PasswordHash::new(text).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let is_bounded = params.m_cost() <= MEMORY_KIB_MAX
        && params.t_cost() <= PASSES_MAX
        && params.p_cost() <= LANES_MAX
        && matches!(hash.algorithm.as_str(), "argon2id" | "argon2i" | "argon2d")
        && hash.salt.is_some()
        && hash.hash.is_some();
    let is_current = hash.algorithm.as_str() == "argon2id"
        && hash.version == Some(Version::V0x13.into())
        && params.m_cost() == Params::DEFAULT_M_COST
        && params.t_cost() == Params::DEFAULT_T_COST
        && params.p_cost() == Params::DEFAULT_P_COST
        && params.output_len() == Some(Params::DEFAULT_OUTPUT_LEN);
    is_bounded.then(|| StoredHash::Argon2 { hash: hash.into(), is_current })
}

fn bcrypt(text: &str) -> Option<StoredHash> {
    // Not `$2x$`: those were made by a broken program.
    let is_known = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
    let parts: bcrypt::HashParts = text.parse().ok().filter(|_| is_known)?;
    (parts.get_cost() <= BCRYPT_COST_MAX).then(|| StoredHash::Bcrypt(text.to_owned()))
}
