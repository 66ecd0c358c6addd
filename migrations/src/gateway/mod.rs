//! The gateway's database: what it has learnt from the other services' journals; and its only noun, the
//! figures that were stated.

use sea_orm_migration::{async_trait, prelude::*};

mod callers;
mod closed;
mod cosigned;
mod duties;
mod figures;
mod hours;
mod publications;
mod statements;

/// Brings the gateway's database up to date.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            crate::kit::journal(),
            Box::new(figures::Figures),
            Box::new(callers::Callers),
            Box::new(closed::Closed),
            Box::new(duties::Duties),
            Box::new(publications::Publications),
            Box::new(hours::Hours),
            Box::new(statements::Statements),
            crate::kit::log(),
            Box::new(cosigned::Cosigned),
        ]
    }
}
