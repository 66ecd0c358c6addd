//! Lists and search over many publications, each kind of question for itself, beside the bare echo.

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use proto::disclosure::v1::{self as pb, publication_service_client::PublicationServiceClient};
use tonic::{Request, Status, transport::Channel};

use crate::{
    Args,
    county::DIVISION,
    drive, echo,
    figures::Figure,
    program::Program,
    publications::{self, COLUMNS, Dice, UNITS},
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What is asked; each asks a little differently every time.
#[derive(Clone, Copy)]
enum Question {
    List(fn(&mut Dice) -> pb::Selection),
    /// A page far behind, by the token of the one before it.
    Deep,
    Search(fn(&mut Dice) -> String, fn(&mut Dice) -> pb::Selection),
}

const QUESTIONS: [(&str, Question); 14] = [
    ("list", Question::List(all)),
    ("list, column", Question::List(column)),
    ("list, unit", Question::List(unit)),
    ("list, month", Question::List(month)),
    ("list, unit, month", Question::List(|dice| pb::Selection { unit: unit(dice).unit, ..month(dice) })),
    ("list, subject", Question::List(|_| pb::Selection { subject: "person".into(), ..Default::default() })),
    ("list, page 200", Question::Deep),
    ("common word", Question::Search(|dice| pick(dice, &["工作", "管理", "服务", "建设", "项目"]), all)),
    ("middling word", Question::Search(|dice| pick(dice, &["养老", "值班", "消防", "疫苗", "烈士", "光伏"]), all)),
    ("rare word", Question::Search(|dice| format!("{}", dice.below(100_000)), all)),
    ("two words", Question::Search(|dice| pick(dice, &["食品许可", "管理 服务", "农村养老", "王庄 供水"]), all)),
    ("two rare words", Question::Search(|dice| format!("{} 沈铺", dice.below(100_000)), all)),
    ("word in a unit", Question::Search(|dice| pick(dice, &["值班", "管理", "许可"]), unit)),
    ("no such word", Question::Search(|dice| pick(dice, &["葡萄牙", "望远镜 工作", "xyz"]), all)),
];

fn all(_: &mut Dice) -> pb::Selection {
    pb::Selection::default()
}

fn column(dice: &mut Dice) -> pb::Selection {
    pb::Selection { column: COLUMNS[dice.below(COLUMNS.len())].into(), ..Default::default() }
}

fn unit(dice: &mut Dice) -> pb::Selection {
    pb::Selection { unit: format!("{:03}", dice.below(UNITS) + 1), ..Default::default() }
}

fn month(dice: &mut Dice) -> pb::Selection {
    let month = format!("{}-{:02}", 2016 + dice.below(8), dice.below(12) + 1);
    pb::Selection { month, ..Default::default() }
}

fn pick(dice: &mut Dice, words: &[&str]) -> String {
    words[dice.below(words.len())].to_owned()
}

pub async fn run(args: &Args, count: usize) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    let mut program = Program::prepare(args.program.clone(), args.postgres.as_deref()).await?;
    let url = args.shelf.clone().unwrap_or_else(|| program.database("disclosure"));
    let took = publications::fill(&url, count).await?;
    program.set_database("disclosure", &url);
    let file = url.trim_start_matches("sqlite://").split('?').next().unwrap_or_default();
    let size = std::fs::metadata(Path::new(file)).map_or(0, |file| file.len() >> 20);
    writeln!(out, "{count} publications filled in {:.0} s; {size} MiB (0: ask PostgreSQL)", took.as_secs_f64())?;
    program.start().await?;
    let echo = echo::Echo::start()?;
    let echoes = drive::channels(&echo.url, &echo.ca, args.connections).await?;
    let ca = std::fs::read_to_string(program.data.join("pki/ca.pem"))?;
    let channels = drive::channels(&program.url, &ca, args.connections).await?;
    let (time, flight) = (Duration::from_secs(args.seconds), args.in_flight);
    drive::echo(&echoes, flight, Duration::from_secs(1)).await?;
    writeln!(out, "                    per second   of echo   p50 ms   p99 ms   found   program's cpu µs a call")?;
    for (name, question) in QUESTIONS {
        let bare = drive::echo(&echoes, flight, Duration::from_secs(1)).await?;
        let start = program.cpu();
        let (mut figure, found) = ask(&channels, question, flight, time).await?;
        figure.cpu = program.cpu() - start;
        let (rate, p50, p99) = (figure.per_second(), figure.percentile(50.0), figure.percentile(99.0));
        let (ratio, cpu) = (rate / bare.per_second(), figure.cpu_micros());
        writeln!(out, "{name:18} {rate:12.0} {ratio:9.3} {p50:8.2} {p99:8.2} {found:7.1} {cpu:14.1}")?;
    }
    writeln!(out, "resident memory of the program: {} MiB", program.resident_mib())?;
    Ok(())
}

async fn ask(channels: &[Channel], question: Question, flight: usize, time: Duration) -> Outcome<(Figure, f64)> {
    let end = Instant::now() + time;
    let (figure, found) = drive::drive(channels, flight, move |channel, worker| async move {
        let mut client = PublicationServiceClient::new(channel);
        let dice = &mut Dice(worker as u64 * 7_919);
        let token = match question {
            Question::Deep => deep(&mut client).await?,
            _ => String::new(),
        };
        let (mut times, mut found) = (Vec::new(), 0);
        while Instant::now() < end {
            let (parent, page_token) = (DIVISION.to_owned(), token.clone());
            let start = Instant::now();
            found += match question {
                Question::Search(query, selection) => {
                    let (query, selection) = (query(dice), Some(selection(dice)));
                    let request = pb::SearchPublishedRequest { parent, query, selection, ..Default::default() };
                    client.search_published(due(request)).await?.into_inner().publications.len()
                }
                Question::List(selection) => {
                    let selection = Some(selection(dice));
                    let request = pb::ListPublishedRequest { parent, selection, ..Default::default() };
                    client.list_published(due(request)).await?.into_inner().publications.len()
                }
                Question::Deep => {
                    let request = pb::ListPublishedRequest { parent, page_token, ..Default::default() };
                    client.list_published(due(request)).await?.into_inner().publications.len()
                }
            };
            times.push(start.elapsed());
        }
        let each = found as f64 / times.len().max(1) as f64;
        Ok((times, each))
    })
    .await?;
    let mean = found.iter().sum::<f64>() / found.len().max(1) as f64;
    Ok((figure, mean))
}

/// Every call sets a deadline.
fn due<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(30));
    request
}

/// The token of the page behind 199 others.
async fn deep(client: &mut PublicationServiceClient<Channel>) -> Result<String, Status> {
    let mut page_token = String::new();
    for _ in 0..20 {
        let request =
            pb::ListPublishedRequest { parent: DIVISION.into(), page_size: 200, page_token, ..Default::default() };
        page_token = client.list_published(due(request)).await?.into_inner().next_page_token;
    }
    Ok(page_token)
}
