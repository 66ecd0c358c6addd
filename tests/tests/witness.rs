//! Witnesses beside the running suite: what is published needs them, nothing else does, and a journal that was put back to an
//! old copy and written on is found out.

mod house;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use house::{
    about_now,
    centre::{Centre, UNITS, request_id},
    program::{Program, Settings, built, free_address},
    until,
};
use kit::{
    keyring::Keyring,
    testing::{TestDatabase, databases},
};
use proto::{
    gateway::v1::{
        ListCosignedHeadsRequest, ListCosignedHeadsResponse, PublishFigureRequest, PublishedFigure,
        figure_service_client::FigureServiceClient,
    },
    intake::v1::{Case, ReceiveCaseRequest, case_service_client::CaseServiceClient},
    journal::v1::{GetTreeHeadRequest, TreeHead, log_service_client::LogServiceClient},
};
use sea_orm::{ConnectionTrait, Database};
use tlog::note::{Note, Verifier};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command as AsyncCommand},
};
use tonic::{Request, Status};

const DIVISION: &str = "410223";

/// A witness's folder and address.
struct Witness {
    data: PathBuf,
    address: SocketAddr,
    key: String,
}

impl Witness {
    fn new(data: PathBuf, name: &str) -> Witness {
        let made = run(&data, &["key", "--name", name]);
        assert!(made.status.success(), "{made:?}");
        let key = String::from_utf8(made.stdout).expect("text").trim().to_owned();
        Witness { data, address: free_address(), key }
    }

    fn setting(&self) -> String {
        format!("http://{} {}", self.address, self.key)
    }

    async fn start(&self, log: &str) -> Child {
        let child = AsyncCommand::new(built())
            .args(["witness", "--listen", &self.address.to_string(), "--log", log, "--data"])
            .arg(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a witness");
        until("the witness listens", || async { TcpStream::connect(self.address).await.ok() }).await;
        child
    }

    fn alarms(&self) -> Output {
        run(&self.data, &["alarms"])
    }
}

fn run(data: &Path, task: &[&str]) -> Output {
    Command::new(built()).arg("witness").args(task).arg("--data").arg(data).output().expect("the program runs")
}

/// Every service that keeps a database.
const SERVICES: [&str; 5] = ["directory", "intake", "roster", "disclosure", "gateway"];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_witnessed_and_a_journal_put_back_to_an_old_copy_is_found_out() {
    for database in databases() {
        witnessed(&database).await;
    }
}

async fn witnessed(database: &TestDatabase) {
    let config = database.config(&SERVICES).await;
    let data = config.data.clone();
    let [one, two] = ["one", "two"].map(|name| Witness::new(data.join(name), &format!("{name}.example")));
    let centre_data = data.join("centre");
    let named =
        config.databases.iter().map(|(service, url)| (format!("YIZHAN_DATABASES__{}", service.to_uppercase()), url));
    let settings = named.fold(Settings::all(&centre_data), |settings, (name, url)| settings.with(&name, url.clone()));
    let settings = settings
        .with("YIZHAN_WITNESSES", format!("{},{}", one.setting(), two.setting()))
        .with("YIZHAN_HEAD_INTERVAL", "1");
    let program = settings.start().await;
    let door = program.channel();
    let centre = Centre::open(door.clone(), DIVISION).await;

    // Nobody who works there needs a witness.
    let case = receive(&door, &centre).await;
    let signed = until("a signed head", || async { head(&door).await.ok() }).await;
    let log = signed.verifier_key.clone();
    let first = one.start(&log).await;
    let alone = publish(&door).await.expect_err("the second witness is down");
    assert_eq!(kit::status::reason(&alone), "HEAD_NOT_COSIGNED", "{alone:?}");

    let second = two.start(&log).await;
    assert_cosigned(&publish(&door).await.expect("both witnesses are up"), &[&one, &two]);
    let told = until("both witnesses are told of", || async {
        let answer = heads(&door).await;
        let intake = answer.heads.iter().find(|it| it.service == "intake")?;
        intake.witnesses.iter().all(|it| it.size > 0 && !it.alarmed).then_some(answer)
    });
    assert_eq!(told.await.quorum, 2);

    // Given away, and checked by who has the keys from elsewhere.
    let keys = data.join("keys.txt");
    let told: Vec<_> = heads(&door).await.heads.into_iter().filter_map(|it| it.head).collect();
    let lines = told.iter().map(|head| format!("{}\n", head.verifier_key));
    fs::write(&keys, format!("# {DIVISION}\n{}", lines.collect::<String>())).expect("keys");
    let by = |file: &Path, more: &[&str]| {
        let args = [&["--witness", &one.key, "--witness", &two.key], more].concat();
        let said = Command::new(built()).arg("verify").arg(file).arg("--key").arg(&keys).args(args).output();
        let said = said.expect("the program runs");
        (said.status.code(), String::from_utf8_lossy(&said.stdout).into_owned())
    };
    let bundle = data.join("bundle.yizhan");
    let exported = Command::new(built())
        .args(["export", "--division", DIVISION, "--services", "intake"])
        .arg(&bundle)
        .env("YIZHAN_DATA", &centre_data)
        .env("YIZHAN_SERVER", format!("https://{}", program.grpc))
        .output();
    let exported = exported.expect("the program runs");
    assert!(exported.status.success(), "{exported:?}");
    let (code, said) = by(&bundle, &[]);
    assert!(code == Some(0) && said.starts_with("是 · yes\n"), "{said}");
    assert!(said.contains("one.example: 至第") && said.contains("two.example: 至第"), "{said}");

    // An applicant's receipt, as the public page gives it away: proved by itself, and in the bundle.
    let receipt = data.join("receipt.txt");
    let text = until("the page gives the proof", || receipt_of(program.web.expect("pages"), &case)).await;
    fs::write(&receipt, &text).expect("kept");
    let shows_case = |(code, said): (Option<i32>, String)| {
        assert!(code == Some(0) && said.contains("回执：是") && said.contains(&case.number), "{said}");
    };
    shows_case(by(&receipt, &["--quorum", "0"]));
    shows_case(by(&receipt, &["--quorum", "0", "--bundle", bundle.to_str().expect("a path")]));
    fs::write(&receipt, text.replace("index ", "index 1")).expect("changed");
    assert_eq!(by(&receipt, &["--quorum", "0"]).0, Some(1));

    // Killed and started again it goes on from what it saw.
    drop(first);
    let _first = one.start(&log).await;
    receive(&door, &centre).await;
    assert_cosigned(&publish(&door).await.expect("it remembers"), &[&one, &two]);
    assert_eq!(one.alarms().status.code(), Some(0));

    // One of two is enough where the settings say so.
    drop(second);
    let intake = Copied { url: config.databases.get("intake").cloned(), file: centre_data.join("intake.db") };
    let keep = intake.keep();
    let program = restarted(program, &settings.clone().with("YIZHAN_QUORUM", "1"), keep).await;
    let door = program.channel();
    until("intake is back", || async { head(&door).await.ok() }).await;
    for _ in 0..3 {
        receive(&door, &centre).await;
    }
    assert_cosigned(&publish(&door).await.expect("one is enough"), &[&one]);

    let program = restarted(program, &settings, intake.restore()).await;
    let door = program.channel();
    until("intake is back", || async { head(&door).await.ok() }).await;
    receive(&door, &centre).await;
    let refused = publish(&door).await.expect_err("the journal is another one");
    assert_eq!(kit::status::reason(&refused), "HEAD_REFUSED", "{refused:?}");
    let alarms = until("the witness raises an alarm", || async {
        let alarms = one.alarms();
        (alarms.status.code() == Some(1)).then_some(alarms)
    });
    let alarms = String::from_utf8(alarms.await.stdout).expect("text");
    assert!(alarms.contains("yizhan/410223/intake"), "{alarms}");
    until("everybody is told", || async {
        let answer = heads(&door).await;
        let intake = answer.heads.iter().find(|it| it.service == "intake")?;
        intake.witnesses.iter().any(|it| it.name == "one.example" && it.alarmed).then_some(())
    })
    .await;
    // Who works there goes on.
    receive(&door, &centre).await;
}

async fn restarted(program: Program, settings: &Settings, between: impl Future<Output = ()>) -> Program {
    assert!(program.stop().await.success());
    between.await;
    settings.start().await
}

/// A database of which a copy is kept and put back, while nobody uses it: a file, or one of PostgreSQL's.
struct Copied {
    url: Option<String>,
    file: PathBuf,
}

impl Copied {
    async fn keep(&self) {
        self.copy("kept", false).await;
    }

    async fn restore(&self) {
        self.copy("kept", true).await;
    }

    /// To beside it, or back.
    async fn copy(&self, beside: &str, back: bool) {
        let Some((server, name)) = self.url.as_deref().and_then(|url| url.rsplit_once('/')) else {
            let other = self.file.with_extension(beside);
            let [from, to] = if back { [&other, &self.file] } else { [&self.file, &other] };
            assert!(fs::copy(from, to).is_ok(), "copied");
            return;
        };
        let name = name.split('?').next().unwrap_or_default();
        let other = format!("{name}_{beside}");
        let [from, to] = if back { [other.as_str(), name] } else { [name, other.as_str()] };
        let admin = Database::connect(format!("{server}/postgres")).await.expect("the server");
        // Whoever was there has gone, but the server may not have noticed.
        for sql in
            [format!("DROP DATABASE IF EXISTS {to} WITH (FORCE)"), format!("CREATE DATABASE {to} TEMPLATE {from}")]
        {
            admin.execute_unprepared(&sql).await.expect(&sql);
        }
        if back {
            admin.execute_unprepared(&format!("DROP DATABASE {from}")).await.expect("dropped");
        }
        admin.close().await.expect("closed");
    }
}

async fn receive(door: &Keyring, centre: &Centre) -> Case {
    let request = ReceiveCaseRequest { accept_now: true, ..centre.receipt(UNITS[0]) };
    CaseServiceClient::new(door.clone()).receive_case(request).await.expect("received").into_inner()
}

/// What /receipt.txt answers to who has the number and the code; none while there is no proof.
async fn receipt_of(pages: SocketAddr, case: &Case) -> Option<String> {
    let form = format!("number={}&code={}&lang=&division={DIVISION}", case.number, case.query_code);
    let head = format!(
        "POST /receipt.txt HTTP/1.1\r\nhost: {pages}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        form.len()
    );
    let mut line = TcpStream::connect(pages).await.ok()?;
    line.write_all((head + &form).as_bytes()).await.ok()?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.ok()?;
    let (_, text) = answer.split_once("\r\n\r\n")?;
    text.starts_with("c2sp.org/tlog-proof@v1\n").then(|| text.to_owned())
}

async fn head(door: &Keyring) -> Result<TreeHead, Status> {
    let mut request = Request::new(GetTreeHeadRequest { parent: format!("divisions/{DIVISION}") });
    request.metadata_mut().insert("yizhan-service", "intake".parse().expect("text"));
    Ok(LogServiceClient::new(door.clone()).get_tree_head(request).await?.into_inner())
}

async fn publish(door: &Keyring) -> Result<PublishedFigure, Status> {
    let request = PublishFigureRequest {
        parent: format!("divisions/{DIVISION}"),
        definition: "completion-rate".into(),
        period: Some(about_now()),
        unit: String::new(),
        request_id: request_id(),
    };
    Ok(FigureServiceClient::new(door.clone()).publish_figure(request).await?.into_inner())
}

async fn heads(door: &Keyring) -> ListCosignedHeadsResponse {
    let request = ListCosignedHeadsRequest { parent: format!("divisions/{DIVISION}") };
    let answer = FigureServiceClient::new(door.clone()).list_cosigned_heads(request).await;
    answer.expect("the heads").into_inner()
}

fn assert_cosigned(figure: &PublishedFigure, witnesses: &[&Witness]) {
    let statement = figure.statement.as_ref().expect("a statement");
    let note = Note::parse(&statement.positions[0].checkpoint).expect("a note");
    for witness in witnesses {
        let key: Verifier = witness.key.parse().expect("a key");
        assert!(key.verifies(&note).is_some(), "{} has cosigned {note}", witness.key);
    }
}
