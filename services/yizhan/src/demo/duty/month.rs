//! A month's duties as they were published, who serves each of them by now, and whom the plan can do with instead.

use calendar::Date;
use proto::roster::v1 as pb;

use super::{super::county::Person, course::Course, rules::SUBSTITUTES};

/// A duty that was published.
#[derive(Clone, Debug)]
pub struct Duty {
    /// divisions/410223/duties/{id}
    pub name: String,
    pub day: Date,
    pub afternoon: bool,
    /// Code of the unit.
    pub unit: String,
    /// divisions/410223/people/{code}
    pub person: String,
    pub course: Course,
}

impl Duty {
    pub fn id(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(_, id)| id)
    }

    fn is_with(&self, other: &Duty) -> bool {
        (self.day, self.afternoon) == (other.day, other.afternoon)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Month {
    /// In their order.
    pub duties: Vec<Duty>,
    pub leaves: Vec<pb::Leave>,
    /// Units that have sent a substitute, each time.
    substitutions: Vec<String>,
}

impl Month {
    /// The duties as the server has published them. Who was to serve by the plan: a year that is replayed again begins
    /// there, too.
    pub fn of(
        published: &[pb::Duty],
        leaves: Vec<pb::Leave>,
        course: impl Fn(usize) -> Course,
    ) -> anyhow::Result<Month> {
        let duty = |(number, duty): (usize, &pb::Duty)| {
            let person = duty.planned_person.clone();
            Ok(Duty {
                name: duty.name.clone(),
                day: duty.day.parse()?,
                afternoon: duty.half() == pb::Half::Afternoon,
                unit: unit_of(&person),
                course: course(number),
                person,
            })
        };
        let duties = published.iter().enumerate().map(duty).collect::<anyhow::Result<_>>()?;
        Ok(Month { duties, leaves, substitutions: Vec::new() })
    }

    /// What is asked for instead of a duty; None where nobody can be found, and who was to serve serves.
    pub fn wish(&self, number: usize, people: &[Person]) -> Option<pb::Exchange> {
        let duty = self.duties.get(number)?;
        let wish =
            |kind: pb::ExchangeKind| pb::Exchange { kind: kind.into(), duty: duty.name.clone(), ..Default::default() };
        match duty.course {
            Course::Substituted | Course::Kept => {
                let sent = self.substitutions.iter().filter(|unit| **unit == duty.unit).count();
                let mut others = people.iter().filter(|person| person.leads() && person.unit == duty.unit);
                let substitute = others.find(|person| self.is_free(&person.name(), duty))?.name();
                let reason = "县里另有会议".to_owned();
                (sent < SUBSTITUTES).then(|| pb::Exchange { substitute, reason, ..wish(pb::ExchangeKind::Substitute) })
            }
            Course::Swapped => {
                let other = self.duties[number + 1..].iter().find(|other| {
                    other.day > duty.day
                        && !other.course.asks()
                        && other.person != duty.person
                        && self.is_free(&other.person, duty)
                        && self.is_free(&duty.person, other)
                })?;
                let (other_duty, reason) = (other.name.clone(), "工作冲突，双方商定".to_owned());
                Some(pb::Exchange { other_duty, reason, ..wish(pb::ExchangeKind::Swap) })
            }
            Course::Excused => {
                let (document, reason) = (document(&duty.day, number), "参加上级会议".to_owned());
                Some(pb::Exchange { document, reason, ..wish(pb::ExchangeKind::Excuse) })
            }
            _ => None,
        }
    }

    /// Takes over what was accepted. Answers with the person of the other duty of a swap, who has accepted it.
    pub fn take(&mut self, exchange: &pb::Exchange) {
        let place = |name: &str| self.duties.iter().position(|duty| duty.name == name);
        let (Some(one), other) = (place(&exchange.duty), place(&exchange.other_duty)) else { return };
        match (exchange.kind(), other) {
            (pb::ExchangeKind::Swap, Some(other)) => {
                let (mine, theirs) = (self.duties[one].clone(), self.duties[other].clone());
                (self.duties[one].person, self.duties[one].unit) = (theirs.person, theirs.unit);
                (self.duties[other].person, self.duties[other].unit) = (mine.person, mine.unit);
            }
            (pb::ExchangeKind::Substitute, _) => {
                self.duties[one].person = exchange.substitute.clone();
                self.substitutions.push(self.duties[one].unit.clone());
            }
            _ => {}
        }
    }

    /// Who serves a duty.
    pub fn person_of(&self, name: &str) -> Option<&str> {
        self.duties.iter().find(|duty| duty.name == name).map(|duty| duty.person.as_str())
    }

    /// Whether somebody has no duty at the time of one, and is not away.
    fn is_free(&self, person: &str, duty: &Duty) -> bool {
        let day = duty.day.to_string();
        let away = |leave: &pb::Leave| leave.person == person && leave.first_day <= day && day <= leave.last_day;
        !self.duties.iter().any(|other| other.person == person && other.is_with(duty)) && !self.leaves.iter().any(away)
    }
}

/// The document of an absence: of the county's government, with a number of its own.
pub fn document(day: &Date, number: usize) -> String {
    format!("尉政办函〔{}〕{}号", day.year(), usize::from(day.day_of_year().unsigned_abs()) + number)
}

/// `005` of `divisions/410223/people/U005-02`.
fn unit_of(person: &str) -> String {
    let code = person.rsplit_once("/U").map_or("", |(_, code)| code);
    code.split('-').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::county::County;

    /// Three mornings of two units.
    fn month(course: Course) -> Month {
        let duty = |day: &str, person: &str| pb::Duty {
            name: format!("divisions/410223/duties/{}-AM-LEAD-1", day.replace('-', "")),
            day: day.into(),
            half: pb::Half::Morning.into(),
            planned_person: format!("divisions/410223/people/{person}"),
            ..Default::default()
        };
        let duties = [("2016-03-08", "U005-01"), ("2016-03-09", "U005-02"), ("2016-03-10", "U012-01")];
        let away = pb::Leave {
            person: "divisions/410223/people/U005-02".into(),
            first_day: "2016-03-07".into(),
            last_day: "2016-03-08".into(),
            ..Default::default()
        };
        let duties: Vec<_> = duties.iter().map(|(day, person)| duty(day, person)).collect();
        Month::of(&duties, vec![away], |n| if n == 0 { course } else { Course::Served }).expect("a month")
    }

    #[test]
    fn a_substitute_is_of_the_same_unit_and_not_away() {
        let people = County::read().expect("a county").people;
        let mut month = month(Course::Substituted);
        let wish = month.wish(0, &people).expect("somebody");
        assert_eq!(wish.substitute, "divisions/410223/people/U005-03");
        month.take(&wish);
        assert_eq!(month.duties[0].person, wish.substitute);
    }

    #[test]
    fn a_swap_is_with_somebody_who_is_there_on_both_days() {
        let people = County::read().expect("a county").people;
        let mut month = month(Course::Swapped);
        let wish = month.wish(0, &people).expect("somebody");
        assert_eq!(wish.other_duty, month.duties[2].name, "the one of the second duty is away on the day of the first");
        month.take(&wish);
        assert_eq!((month.duties[0].unit.as_str(), month.duties[2].unit.as_str()), ("012", "005"));
    }
}
