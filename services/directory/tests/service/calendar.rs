//! CalendarService: the handbook's examples over the wire, notices that come later, bad input.

use kit::testing::request_id;
use proto::directory::v1::{self as pb, DayKind, DeadlineState};
use tonic::Code;

use crate::hall::{Hall, halls, places, refused};

fn term(day0: &str, limit_days: i32) -> pb::ComputeDueDateRequest {
    pb::ComputeDueDateRequest { day0: day0.into(), limit_days, ..Default::default() }
}

fn span(first: &str, last: &str) -> pb::DateSpan {
    pb::DateSpan { first: first.into(), last: last.into() }
}

/// A made-up notice for 2027.
fn notice(version: i32) -> pb::Notice {
    pb::Notice {
        year: 2027,
        version,
        document: format!("国办发明电〔2026〕{version}号"),
        issued_on: "2026-11-01".into(),
        off: vec![span("2027-01-01", "2027-01-03"), span("2027-02-05", "2027-02-11")],
        workdays: vec!["2027-02-13".into(), "2027-01-30".into()],
        source: "made up".into(),
        ..Default::default()
    }
}

fn import(notice: pb::Notice) -> pb::ImportNoticeRequest {
    pb::ImportNoticeRequest { notice: Some(notice), request_id: request_id() }
}

async fn due(hall: &Hall, request: pb::ComputeDueDateRequest) -> pb::Deadline {
    hall.calendar().compute_due_date(request).await.expect("a deadline").into_inner()
}

#[tokio::test]
async fn the_handbooks_examples_are_due_when_it_says() {
    for hall in halls().await {
        // A: a make-up working day.
        assert_eq!(due(&hall, term("2026-02-09", 5)).await.due_on, "2026-02-14");
        // B: across the Spring Festival, and extended.
        assert_eq!(due(&hall, term("2026-02-12", 20)).await.due_on, "2026-03-18");
        let extended = pb::ComputeDueDateRequest { extensions: vec![10], ..term("2026-02-12", 20) };
        assert_eq!(due(&hall, extended).await.due_on, "2026-04-01");
        let joint = pb::ComputeDueDateRequest { extensions: vec![15], ..term("2026-02-12", 45) };
        assert_eq!(due(&hall, joint).await.due_on, "2026-05-18");
        // E: with and without the expert review.
        let review =
            pb::ComputeDueDateRequest { suspensions: vec![span("2026-04-27", "2026-05-08")], ..term("2026-04-20", 20) };
        assert_eq!(due(&hall, review).await.due_on, "2026-05-29");
        assert_eq!(due(&hall, term("2026-04-20", 20)).await.due_on, "2026-05-20");
    }
}

#[tokio::test]
async fn a_deadline_is_explained_day_by_day() {
    for hall in halls().await {
        let deadline = due(&hall, term("2026-02-09", 5)).await;
        assert_eq!(deadline.state(), DeadlineState::Due);
        let counted: Vec<_> = deadline.days.iter().map(|day| (day.date.as_str(), day.counted)).collect();
        let expected = [
            ("2026-02-09", 0),
            ("2026-02-10", 1),
            ("2026-02-11", 2),
            ("2026-02-12", 3),
            ("2026-02-13", 4),
            ("2026-02-14", 5),
        ];
        assert_eq!(counted, expected);
        assert!(
            deadline
                .days
                .iter()
                .all(|day| !day.reason_zh.is_empty() && !day.reason_en.is_empty() && !day.article.is_empty())
        );
        assert_eq!(deadline.notices.len(), 1);
        assert_eq!((deadline.notices[0].year, deadline.notices[0].version), (2026, 1));
        assert_eq!(deadline.computed_at, Some(kit::testing::moment("2026-02-09T09:00").timestamp()));
    }
}

#[tokio::test]
async fn a_running_suspension_stops_the_clock() {
    for hall in halls().await {
        let stopped = pb::ComputeDueDateRequest { suspensions: vec![span("2026-04-27", "")], ..term("2026-04-20", 20) };
        let deadline = due(&hall, stopped).await;
        let told = (deadline.state(), deadline.due_on.as_str(), deadline.known_through.as_str(), deadline.remaining);
        assert_eq!(told, (DeadlineState::Stopped, "", "2026-04-27", 16));
    }
}

#[tokio::test]
async fn a_provisional_date_becomes_firm_when_the_notice_comes() {
    for hall in halls().await {
        let deadline = due(&hall, term("2026-12-21", 20)).await;
        let told = (deadline.state(), deadline.due_on.as_str(), deadline.known_through.as_str());
        assert_eq!(told, (DeadlineState::Provisional, "", "2026-12-31"));
        assert!(deadline.remaining > 0);

        let imported = hall.calendar().import_notice(import(notice(1))).await.expect("imported").into_inner();
        let sorted = vec!["2027-01-30".to_owned(), "2027-02-13".to_owned()];
        assert_eq!(imported, pb::Notice { name: "notices/2027".into(), workdays: sorted, ..notice(1) });
        let deadline = due(&hall, term("2026-12-21", 20)).await;
        assert_eq!((deadline.state(), deadline.due_on.as_str()), (DeadlineState::Due, "2027-01-19"));
        assert_eq!(deadline.notices.iter().map(|notice| notice.year).collect::<Vec<_>>(), [2026, 2027]);
        let entries = hall.journal("000000").await;
        let last = entries.last().expect("an entry");
        assert_eq!((last.noun.as_str(), last.actor.as_str()), ("divisions/000000/notices/2027", crate::hall::TESTER));
        assert_eq!(last.seq, entries.len() as i64);
    }
}

#[tokio::test]
async fn a_notice_gives_way_to_a_newer_version_only() {
    for hall in halls().await {
        let mut calendar = hall.calendar();
        let stale = (Code::FailedPrecondition, "NOTICE_STALE".to_owned());
        let first = import(notice(1));
        calendar.import_notice(first.clone()).await.expect("imported");
        let entries = hall.journal("000000").await.len();
        calendar.import_notice(first.clone()).await.expect("the same request again");
        calendar.import_notice(import(notice(1))).await.expect("the notice that is held");
        let other = pb::Notice { off: vec![span("2027-01-01", "2027-01-01")], ..notice(1) };
        assert_eq!(
            refused(calendar.import_notice(import(other.clone())).await),
            stale,
            "other days under the same version"
        );
        let reused = pb::ImportNoticeRequest { notice: Some(notice(2)), ..first };
        assert_eq!(refused(calendar.import_notice(reused).await), (Code::InvalidArgument, "REQUEST_ID_REUSED".into()));
        assert_eq!(hall.journal("000000").await.len(), entries);

        let amended = calendar
            .import_notice(import(pb::Notice { version: 2, ..other }))
            .await
            .expect("an amendment")
            .into_inner();
        assert_eq!((amended.version, amended.off.len()), (2, 1));
        assert_eq!(refused(calendar.import_notice(import(notice(1))).await), stale);
        let built_in = pb::Notice { year: 2019, off: vec![], workdays: vec![], ..notice(1) };
        assert_eq!(refused(calendar.import_notice(import(built_in)).await), stale, "2019 was amended");

        let year = calendar.get_year(pb::GetYearRequest { year: 2027 }).await.expect("a year").into_inner();
        assert_eq!(year.notice.expect("its notice").version, 2);
    }
}

#[tokio::test]
async fn a_year_tells_every_day_and_its_notice() {
    for hall in halls().await {
        let year = hall.calendar().get_year(pb::GetYearRequest { year: 2016 }).await.expect("2016").into_inner();
        assert_eq!((year.days.len(), year.workdays), (366, 250), "the county's year had 250 working days");
        let kind = |date: &str| year.days.iter().find(|day| day.date == date).expect(date).kind();
        assert_eq!(kind("2016-02-06"), DayKind::MakeUpWorkday);
        assert_eq!(kind("2016-02-08"), DayKind::Holiday);
        assert_eq!(kind("2016-03-05"), DayKind::Weekend);
        assert_eq!(kind("2016-03-08"), DayKind::Workday);
        assert_eq!(year.notice.expect("its notice").document, "国办发明电〔2015〕18号");

        let unknown = hall.calendar().get_year(pb::GetYearRequest { year: 2027 }).await;
        assert_eq!(refused(unknown), (Code::NotFound, "YEAR_NOT_PUBLISHED".into()));
        for year in [0, -1, 1948, 2201, i32::MAX, i32::MIN] {
            let answer = hall.calendar().get_year(pb::GetYearRequest { year }).await;
            assert_eq!(refused(answer), (Code::InvalidArgument, "FIELD_INVALID".into()), "{year}");
        }
    }
}

#[tokio::test]
async fn a_notice_imported_by_another_replica_is_seen() {
    for hall in halls().await {
        // A second service on the same database, which on SQLite nobody runs but which must be right all the same.
        let config = hall.database.config(&["directory"]).await;
        let routes = directory::open(&config, &kit::testing::clock("2026-02-09T09:00")).await.expect("opens");
        let peer = kit::testing::serve(routes).await;
        let mut other = proto::directory::v1::calendar_service_client::CalendarServiceClient::new(peer);
        other.import_notice(import(notice(1))).await.expect("imported there");
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        assert_eq!(due(&hall, term("2026-12-21", 20)).await.state(), DeadlineState::Due);
    }
}

#[tokio::test]
async fn a_bad_term_is_refused_with_its_field() {
    for hall in halls().await {
        let good = || term("2026-02-09", 20);
        let stopped = |suspensions| pb::ComputeDueDateRequest { suspensions, ..good() };
        let extended = |extensions| pb::ComputeDueDateRequest { extensions, ..good() };
        let cases = [
            (term("", 5), "day0"),
            (term("2026-02-30", 5), "day0"),
            (term("2026-2-9", 5), "day0"),
            (term("20260209", 5), "day0"),
            (term("2026-02-09T09:00", 5), "day0"),
            (term("二〇二六年二月", 5), "day0"),
            (term("2026-02-09", 0), "limit_days"),
            (term("2026-02-09", -1), "limit_days"),
            (term("2026-02-09", 2_001), "limit_days"),
            (term("2026-02-09", i32::MAX), "limit_days"),
            (stopped(vec![span("", "2026-03-01")]), "suspensions[0].first"),
            (stopped(vec![span("2026-03-01", "x")]), "suspensions[0].last"),
            (stopped(vec![span("2026-03-01", ""), span("2026-03-05", "2026-03-04")]), "suspensions[1].last"),
            (stopped(vec![span("2026-03-01", "2099-01-01")]), "suspensions[0].last"),
            (stopped(vec![span("2026-03-01", "2026-03-01"); 101]), "suspensions"),
            (extended(vec![10, 0]), "extensions[1]"),
            (extended(vec![201]), "extensions[0]"),
            (extended(vec![1; 11]), "extensions"),
            (pb::ComputeDueDateRequest { limit_days: 1_999, ..extended(vec![200]) }, "extensions"),
        ];
        for (request, field) in cases {
            let what = format!("{request:.300?}");
            let status = hall.calendar().compute_due_date(request).await.expect_err(&what);
            assert_eq!(
                (status.code(), kit::status::reason(&status).as_str()),
                (Code::InvalidArgument, "FIELD_INVALID"),
                "{what}"
            );
            assert_eq!(places(&status), [field], "{what}");
        }
        for day0 in ["0000-01-01", "0001-01-01", "9999-12-31", "9999-01-01"] {
            for calendar_days in [false, true] {
                let request = pb::ComputeDueDateRequest { calendar_days, ..term(day0, 2_000) };
                assert_ne!(due(&hall, request).await.state(), DeadlineState::Unspecified, "{day0}");
            }
        }
    }
}

#[tokio::test]
async fn a_bad_notice_is_refused_with_its_field() {
    for hall in halls().await {
        let entries = hall.journal("000000").await.len();
        let cases = [
            (pb::Notice { year: 0, ..notice(1) }, vec!["notice.year"]),
            (pb::Notice { year: 2201, ..notice(1) }, vec!["notice.year"]),
            (pb::Notice { year: 2028, ..notice(1) }, vec!["notice.off[0].first"]),
            (pb::Notice { version: 0, ..notice(1) }, vec!["notice.version"]),
            (pb::Notice { version: -3, ..notice(1) }, vec!["notice.version"]),
            (pb::Notice { document: " ".into(), ..notice(1) }, vec!["notice.document"]),
            (pb::Notice { document: "文".repeat(101), ..notice(1) }, vec!["notice.document"]),
            (pb::Notice { issued_on: "2026-13-01".into(), ..notice(1) }, vec!["notice.issued_on"]),
            (pb::Notice { source: "s".repeat(201), ..notice(1) }, vec!["notice.source"]),
            (pb::Notice { off: vec![span("2027-01-03", "2027-01-01")], ..notice(1) }, vec!["notice.off[0].last"]),
            (pb::Notice { off: vec![span("2027-01-01", "2027-01-03"); 2], ..notice(1) }, vec!["notice.off[1]"]),
            (pb::Notice { off: vec![span("", ""); 1], ..notice(1) }, vec!["notice.off[0].first", "notice.off[0].last"]),
            (pb::Notice { off: vec![span("2027-01-01", "2027-01-01"); 41], ..notice(1) }, vec!["notice.off"]),
            (pb::Notice { workdays: vec!["2027-02-15".into()], ..notice(1) }, vec!["notice.workdays[0]"]),
            (pb::Notice { workdays: vec!["2027-02-06".into()], ..notice(1) }, vec!["notice.workdays[0]"]),
            (pb::Notice { workdays: vec!["2027-02-13".into(); 2], ..notice(1) }, vec!["notice.workdays[1]"]),
            (pb::Notice { workdays: vec!["2026-02-14".into()], ..notice(1) }, vec!["notice.workdays[0]"]),
            (pb::Notice { workdays: vec!["2027-02-13".into(); 41], ..notice(1) }, vec!["notice.workdays"]),
        ];
        for (notice, fields) in cases {
            let what = format!("{notice:.300?}");
            let status = hall.calendar().import_notice(import(notice)).await.expect_err(&what);
            assert_eq!(
                (status.code(), kit::status::reason(&status).as_str()),
                (Code::InvalidArgument, "FIELD_INVALID"),
                "{what}"
            );
            assert_eq!(places(&status), fields, "{what}");
        }
        let nothing = hall.calendar().import_notice(pb::ImportNoticeRequest::default()).await.expect_err("nothing");
        assert_eq!(places(&nothing), ["request_id", "notice"]);
        assert_eq!(hall.journal("000000").await.len(), entries);
    }
}
