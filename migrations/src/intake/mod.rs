//! The database of `intake`.

use sea_orm_migration::{async_trait, prelude::*};

mod nouns;
mod staffed;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            crate::kit::journal(),
            crate::mirror::known(),
            Box::new(nouns::Nouns),
            Box::new(staffed::Staffed),
            crate::kit::log(),
        ]
    }
}
