//! Every text and every bytes of every row of every database, journals among them.

use kit::testing::TestDatabase;
use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};

const SQLITE: &str = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
const POSTGRES: &str =
    "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'";

/// Table and column, and what stands there.
pub async fn all(database: &TestDatabase) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for service in ["directory", "intake", "roster", "disclosure", "gateway"] {
        let config = database.config(&[service]).await;
        let database = Database::connect(config.database(service)).await.expect("the database");
        let columns = if database.get_database_backend() == DatabaseBackend::Sqlite { SQLITE } else { POSTGRES };
        for row in ask(&database, columns).await {
            let name = |i| row.try_get_by_index::<String>(i).expect("a name");
            let (table, column) = (name(0), name(1));
            for row in ask(&database, &format!("SELECT \"{column}\" FROM \"{table}\"")).await {
                let text = row.try_get_by_index::<String>(0).map(String::into_bytes);
                // What is neither text nor bytes is a number.
                if let Ok(told) = text.or_else(|_| row.try_get_by_index::<Vec<u8>>(0)) {
                    all.push((format!("{service}.{table}.{column}"), told));
                }
            }
        }
    }
    assert!(all.iter().any(|(place, _)| place.ends_with("payload")), "the journals were read");
    all
}

async fn ask(database: &DatabaseConnection, sql: &str) -> Vec<sea_orm::QueryResult> {
    let ask = Statement::from_string(database.get_database_backend(), sql);
    database.query_all_raw(ask).await.expect("answered")
}
