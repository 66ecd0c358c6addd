//! The database of `disclosure`.

use sea_orm_migration::{async_trait, prelude::*};

mod arrivals;
mod nouns;
mod shown;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            crate::kit::journal(),
            crate::mirror::known(),
            Box::new(nouns::Nouns),
            Box::new(arrivals::Arrivals),
            Box::new(shown::Shown),
            crate::kit::log(),
        ]
    }
}
