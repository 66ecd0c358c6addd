//! ReceiveCase: an application becomes a case with a number.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use calendar::{Date, shanghai_date};
use kit::{
    actor::RequestKey,
    clock::Moment,
    form::Form,
    id::{self, Division},
    keys::Cipher,
    refusal::Refusal,
    store::{Desk, Key},
};
use prost_types::Timestamp;
use proto::intake::v1 as pb;

use super::{case::ticked, item::unreadable, party};
use crate::{
    domain::{
        applicant::Sealed,
        case::{Case, Ticked},
        hall::Hall,
        item::Item,
        late::not_ahead,
        life::Receipt,
        number::Counter,
    },
    office::{Office, record},
    store::case::Kept,
};

/// So often the unit of an item may change while an application for it is decided.
const TRIES: usize = 3;

pub async fn receive(office: &Office, mut request: pb::ReceiveCaseRequest) -> Result<Arc<Kept>, Refusal> {
    // A repeat may say when it was handed in, which the first attempt had no need to say: it is the same request.
    let handed_in = request.received_at.take();
    let key = RequestKey::of("ReceiveCase", &request, &request.request_id)?;
    let application = Arc::new(Application::read(request, handed_in, office.cipher.clone())?);
    let division = application.division;
    for _ in 0..TRIES {
        let (hall, now) = (office.hall(), office.clock.now());
        // The number is of the day on which it is given out: a day that is over gets no further ones.
        let today = shanghai_date(now.0);
        let day = shanghai_date(application.at.map_or(now, |at| not_ahead(at, now)).0);
        let unit = hall.item(division, &application.item).map_or_else(|_| String::new(), |item| unit_on(item, day));
        let counter = Counter::id_of(&unit, today);
        // The item too: another replica may have changed it since the hall was read, and what is committed counts.
        let item = Key::of::<Item>(division, application.item.as_str());
        let keys = vec![Key::of::<Counter>(division, counter.as_str()), item];
        let behind = Arc::new(AtomicBool::new(false));
        let (application, is_behind) = (application.clone(), behind.clone());
        let decide = move |desk: &mut Desk<'_>| {
            let item = desk.get::<Item>(&application.item).ok_or_else(Item::not_found)?;
            // The number carries the unit, so its counter had to be named before the item could be seen.
            if unit_on(&item, day) != unit {
                is_behind.store(true, Ordering::Release);
                return Err(Refusal::unavailable());
            }
            application.decide(desk, &counter, &item, &hall.knowing(&item), now)
        };
        let received = office.writer.change(division, keys, Some(key), decide).await;
        if received.is_ok() || !behind.load(Ordering::Acquire) {
            return received;
        }
        office.refresh().await.map_err(unreadable)?;
    }
    Err(Refusal::unavailable())
}

/// The unit of the revision in force; the decision checks that there is one.
fn unit_on(item: &Item, day: Date) -> String {
    item.in_force(day).map_or_else(String::new, |revision| revision.text.unit.clone())
}

/// An application as a request gives it.
struct Application {
    division: Division,
    item: String,
    window: String,
    clerk: String,
    applicant: party::Kept,
    materials: Vec<Ticked>,
    fixed_on_spot: Vec<String>,
    /// When it was handed in, where that is stated.
    at: Option<Moment>,
    accept_now: bool,
    /// Number of the certificate, where it is granted on the spot.
    on_the_spot: Option<String>,
    /// Resource name of the clerk.
    actor: String,
    cipher: Cipher,
}

impl Application {
    fn read(
        request: pb::ReceiveCaseRequest,
        handed_in: Option<Timestamp>,
        cipher: Cipher,
    ) -> Result<Application, Refusal> {
        let division = id::division("parent", &request.parent)?;
        let mut form = Form::new();
        let item = form.take(id::child_of("item", &request.item, "items", division)).map(str::to_owned);
        let window = form.take(id::child_of("window", &request.window, "windows", division)).map(str::to_owned);
        let clerk = form.take(id::child_of("clerk", &request.clerk, "people", division)).map(str::to_owned);
        let applicant = party::applicant(request.applicant, &mut form);
        let materials = ticked(&request.materials, &mut form);
        let fixed_on_spot = form.texts("fixed_on_spot", &request.fixed_on_spot, 20, 1..=500);
        let certificate =
            |spot: pb::OnTheSpot| form.text("on_the_spot.document_number", &spot.document_number, 0..=100);
        let on_the_spot = request.on_the_spot.map(certificate);
        let at = handed_in.as_ref().and_then(Moment::from_timestamp);
        form.require(at.is_some() == handed_in.is_some(), "received_at", "时间无效", "is no time");
        form.finish()?;
        let (Some(item), Some(window), Some(clerk), Some(applicant)) = (item, window, clerk, applicant) else {
            return Err(Refusal::internal("a field that is missing was not named"));
        };
        Ok(Application {
            division,
            item,
            window,
            clerk,
            applicant: party::Kept::new(&applicant),
            materials,
            fixed_on_spot,
            at,
            accept_now: request.accept_now,
            on_the_spot,
            actor: request.clerk,
            cipher,
        })
    }

    fn decide(
        &self,
        desk: &mut Desk<'_>,
        counter: &str,
        item: &Item,
        hall: &Hall,
        now: Moment,
    ) -> Result<Arc<str>, Refusal> {
        let division = self.division;
        let mut counter =
            desk.get::<Counter>(counter).map_or_else(|| Counter::new(division, counter), Arc::unwrap_or_clone);
        let receipt = Receipt {
            window: self.window.clone(),
            clerk: self.clerk.clone(),
            applicant: self.applicant.masked.clone(),
            commitment: self.applicant.commitment.clone(),
            materials: self.materials.clone(),
            fixed_on_spot: self.fixed_on_spot.clone(),
            at: self.at,
        };
        let number = counter.give()?;
        let mut case = Case::receive(division, number.clone(), item, receipt, hall, now)?;
        // What is done while the applicant waits is done when it is handed in.
        let at = Moment(case.received_at);
        if let Some(certificate) = &self.on_the_spot {
            let happened = case.grant_at_once(item, certificate.clone(), hall, at)?;
            case.entry = record(desk, &case, happened, &self.actor);
        } else {
            case.entry = record(desk, &case, "case.received", &self.actor);
        }
        if self.accept_now && self.on_the_spot.is_none() {
            let happened = case.accept(&self.clerk, hall, at)?;
            record(desk, &case, happened, &self.actor);
        }
        desk.put(counter);
        desk.put::<Sealed>(self.applicant.seal(&self.cipher, division, format!("{number}.applicant")));
        desk.put(Kept::new(case, hall));
        Ok(number.into())
    }
}
