//! Being one of several servers.

use std::sync::{Arc, Weak};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::ServerError;
use crate::chat::Chat;
use crate::cluster::{Carrier, GroupNames, Heed, NatsCarrier, Node, NotifyCarrier};
use crate::config::{Cluster, Config};
use crate::hub::Hub;
use crate::model::{GroupId, NodeId};
use crate::store::{self, CarrierKind, Joining, Notifications, Opened, OpenedNode, SharedLog};

/// What makes a server one of several.
pub(super) struct Share {
    id: NodeId,
    shared: Arc<dyn SharedLog>,
    notifications: Arc<dyn Notifications>,
}

/// Opens the store: for this server alone, or together with others if so configured.
pub(super) async fn open(config: &Config) -> Result<(Opened, Option<Share>), ServerError> {
    let (database, connections) = (&config.database, config.database_connections);
    let Some(cluster) = &config.cluster else {
        return Ok((store::open(database, connections).await?, None));
    };
    let carrier = match cluster {
        Cluster::Nats(_) => CarrierKind::Nats,
        Cluster::Postgres => CarrierKind::Postgres,
    };
    // Positive, and never that of another.
    let id = NodeId((getrandom::u64().map_err(std::io::Error::from)? >> 1).max(1) as i64);
    let joining = Joining { node: id, carrier };
    let OpenedNode { opened, shared, notifications } =
        store::open_node(database, connections, joining).await?;
    Ok((opened, Some(Share { id, shared, notifications })))
}

impl Share {
    /// The node that this server is. The epoch of the history names the database.
    pub(super) async fn node(
        self,
        config: &Config,
        opened: &Opened,
        hub: &Hub,
        background: &Handle,
    ) -> Result<Arc<Node>, ServerError> {
        let Self { id, shared, notifications } = self;
        let carrier: Arc<dyn Carrier> = match config.cluster.clone() {
            Some(Cluster::Nats(servers)) => {
                let epoch = opened.store.lifecycle.epoch().await?;
                let started = background.spawn(async move { NatsCarrier::start(&servers, &epoch).await });
                started.await.map_err(std::io::Error::from)??
            }
            Some(Cluster::Postgres) | None => {
                let started = background.spawn(async move { NotifyCarrier::start(notifications) });
                started.await.map_err(std::io::Error::from)?
            }
        };
        Ok(Node::new(id, hub.clone(), Arc::clone(&opened.store.log), shared, carrier))
    }
}

/// Begins the work of a node.
pub(super) fn run(node: &Arc<Node>, chat: &Arc<Chat>, background: &Handle) {
    let heed: Arc<dyn Heed> = Arc::<Chat>::clone(chat);
    node.set_heed(Arc::downgrade(&heed));
    node.keep_presence(chat.options().announce_members_max, Arc::new(Names(Arc::downgrade(chat))));
    let (node, chat) = (Arc::clone(node), Arc::clone(chat));
    background.spawn(async move { node.run().await });
    background.spawn(async move { chat.keep_heeding().await });
}

/// Knows the names of groups, as long as there is a chat.
struct Names(Weak<Chat>);

impl GroupNames for Names {
    fn group_name(&self, group: GroupId) -> BoxFuture<'_, Option<Arc<str>>> {
        Box::pin(async move {
            let group = self.0.upgrade()?.group(group).await.ok()?;
            Some(Arc::clone(&group.name))
        })
    }
}
