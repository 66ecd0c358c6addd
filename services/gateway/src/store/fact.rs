//! Facts as rows.

use std::collections::HashMap;

use kit::id::Division;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait, Iterable, sea_query::OnConflict};

use super::place;
use crate::domain::{
    day::Day,
    fact::{Fact, Marks, Place},
};

/// A fact as a row: days as numbers, and beside the days that happened those that put a case into a cohort.
pub mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "case_facts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub division: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: String,
        pub place: i32,
        pub marks: i32,
        pub received_on: i32,
        pub received_hour: Option<i32>,
        /// Receipt, of what was entered late.
        pub late_on: Option<i32>,
        /// Receipt, while not accepted.
        pub unaccepted_on: Option<i32>,
        pub accepted_on: Option<i32>,
        /// Acceptance, while neither decided nor ended.
        pub waiting_on: Option<i32>,
        pub decided_on: Option<i32>,
        pub ended_on: Option<i32>,
        pub legal_due_on: Option<i32>,
        pub promised_due_on: Option<i32>,
        /// Only of promised cases that were decided.
        pub handling_days: Option<i32>,
        pub seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Writes facts in the order in which they were told; of several about one case the last one stands.
pub async fn save(tx: &DatabaseTransaction, division: Division, facts: Vec<Fact>) -> Result<(), DbErr> {
    let mut last: HashMap<String, Fact> = HashMap::with_capacity(facts.len());
    for fact in facts {
        last.insert(fact.number.clone(), fact);
    }
    let mut facts: Vec<Fact> = last.into_values().collect();
    facts.sort_unstable_by(|a, b| a.number.cmp(&b.number));
    let numbers = place::numbers(tx, division, facts.iter().map(|fact| &fact.place)).await?;
    // Where a case belongs and when it was received never changes, and what is not written needs no index kept.
    let fixed = [
        row::Column::Division,
        row::Column::Number,
        row::Column::Place,
        row::Column::ReceivedOn,
        row::Column::ReceivedHour,
        row::Column::LateOn,
    ];
    let changing = row::Column::iter().filter(|column| !fixed.iter().any(|fixed| *fixed as usize == *column as usize));
    let whole = OnConflict::columns([row::Column::Division, row::Column::Number]).update_columns(changing).to_owned();
    for some in super::runs(facts) {
        let rows = some.into_iter().map(|fact| to_row(division, fact, &numbers)).collect::<Result<Vec<_>, _>>()?;
        row::Entity::insert_many(rows).on_conflict(whole.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn to_row(division: Division, fact: Fact, numbers: &HashMap<Place, i32>) -> Result<row::ActiveModel, DbErr> {
    let day = |day: Option<Day>| Set(day.map(|day| day.0));
    let place = numbers.get(&fact.place).ok_or_else(|| DbErr::Custom(format!("{:?} has no number", fact.place)))?;
    let Marks(marks) = fact.marks();
    Ok(row::ActiveModel {
        division: Set(division.as_str().to_owned()),
        place: Set(*place),
        marks: Set(marks),
        received_on: Set(fact.received_on.0),
        received_hour: Set(fact.received_hour),
        late_on: day(fact.late_on()),
        unaccepted_on: day(fact.unaccepted_on()),
        accepted_on: day(fact.accepted_on),
        waiting_on: day(fact.waiting_on()),
        decided_on: day(fact.decided_on),
        ended_on: day(fact.ended_on),
        legal_due_on: day(fact.legal_due_on),
        promised_due_on: day(fact.promised_due_on),
        handling_days: Set(fact.timed_days()),
        seq: Set(fact.seq),
        number: Set(fact.number),
    })
}
