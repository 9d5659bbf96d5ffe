//! How a node comes to a database that it shares.

use tokio_postgres::Client;

use super::connect::{SESSION_SETTINGS, Target};
use super::ownership;
use super::{import, migrations, search_index};
use crate::model::NodeId;
use crate::store::{StoreError, StoreResult};

/// Takes away what nodes have left. A server that has the database for itself moves heads without noting it here.
pub(super) const FORGET: &str =
    "DELETE FROM group_heads; DELETE FROM batches; DELETE FROM notices; DELETE FROM nodes";

/// Makes the database ready for nodes, or sees that it is, while no other node starts. Answers the name under which they
/// own it together: it changes when somebody else was its owner.
pub(super) async fn start(client: &mut Client, target: &Target, node: NodeId) -> StoreResult<String> {
    if !migrations::missing(client).await?.is_empty() {
        if ownership::nodes(client).await?.is_some() {
            let reason = format!(
                "nodes of an older version are using {}; stop all of them, then start those of this version",
                target.place
            );
            return Err(StoreError::Refused(reason.into()));
        }
        migrations::run(client).await?;
    }
    import::check_complete(client, target).await?;
    search_index::prepare(client).await?;
    client.batch_execute(SESSION_SETTINGS).await?;
    client.batch_execute(OWN).await?;
    client.execute(APPEAR, &[&node.0]).await?;
    Ok(client.query_one("SELECT owner FROM server", &[]).await?.try_get(0)?)
}

/// Numbers go on above all that are in use: a server that had the database for itself took none from the sequence.
const OWN: &str = "UPDATE server SET owner = 'nodes-' || gen_random_uuid()::text
         WHERE owner IS NULL OR owner NOT LIKE 'nodes-%';
     SELECT setval('message_ids', used.id) FROM (
         SELECT greatest(last_message_id, (SELECT max(id) FROM messages)) AS id FROM server) used, message_ids
     WHERE used.id > message_ids.last_value OR (used.id = message_ids.last_value AND NOT message_ids.is_called)";

/// Shows that a node has gone; else others find that out by its silence.
pub(super) async fn leave(client: &Client, node: NodeId) {
    _ = client.execute("DELETE FROM nodes WHERE id = $1", &[&node.0]).await;
}

/// Shows that a node lives.
pub(super) const APPEAR: &str = "INSERT INTO nodes (id, seen_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
