//! `yizhan admin enrol`: gives credentials.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use proto::directory::v1 as pb;
use uuid::Uuid;

use super::{client, operators};
use crate::{
    name::Division,
    peer::{To, refused, timed},
    secret, time, trouble,
};

#[derive(clap::Subcommand)]
pub enum Task {
    /// 登记窗口的终端，取得一小时内有效的一次性启用码 · Make a terminal of a window, and the code that enrols it
    #[command(after_help = TERMINAL)]
    Terminal {
        /// 终端编号：1至20位大写字母、数字、连字符 · Code: 1 to 20 of A-Z, 0-9 and hyphen
        code: String,
        /// 所在窗口的编号 · Code of its window
        #[arg(long, env = "YIZHAN_WINDOW")]
        window: String,
    },
    /// 设置人员的密码，首次或重置；原有登录随即失效 · Set a person's password, the first or a new one; what was signed in ends
    #[command(after_help = PERSON)]
    Person {
        /// 人员编号或全名 · Code of the person, or divisions/…/people/…
        person: String,
    },
    /// 登记其他政务系统，并签发证书 · Make another government system known, and give it its certificate
    #[command(after_help = SYSTEM)]
    System(System),
    /// 签发运维凭证：须能读取颁发机构的私钥 pki/ca.key · An operator's credential, for who can read the authority's own key
    #[command(after_help = OPERATOR)]
    Operator {
        /// 名称：1至20位小写字母、数字、连字符 · Name: 1 to 20 of a-z, 0-9 and hyphen
        name: String,
    },
}

#[derive(clap::Args)]
pub struct System {
    /// 系统编号：1至20位大写字母、数字、连字符 · Code: 1 to 20 of A-Z, 0-9 and hyphen
    code: String,
    /// 名称 · What it is
    #[arg(long)]
    display_name: String,
    /// 对方生成的证书请求（PKCS #10，PEM） · Its certificate request, PKCS #10 in PEM
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// 断言签名公钥（Ed25519，32字节，Base64） · Public key of its assertions: Ed25519, 32 bytes in Base64
    #[arg(long, value_name = "BASE64")]
    assertion_key: String,
    /// 证书写入此文件，默认输出 · Where to write the certificate; standard output where it is not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const TERMINAL: &str = "\
示例 · Example:
  yizhan admin enrol terminal T1 --window A01 --division 410223

然后在终端上 · Then, on the terminal:
  1  把服务器数据目录中的 pki/ca.pem 复制到存放凭证的目录 · copy pki/ca.pem from the server's data folder to where the credential goes
  2  yizhan terminal enrol T1 --division 410223 --server https://服务器:4100 --credential t1.pem
  3  输入启用码 · type the code
启用码过期而未使用的，再运行一次即可。 · Where the code ran out unused, ask for another by the same command.";

const PERSON: &str = "\
示例 · Examples:
  yizhan admin enrol person U001-08 --division 410223
  yizhan admin enrol person U001-08 --division 410223 < password.txt

密码须为10至128个字符，不得是常见密码或本人编号。请本人首次登录后用 yizhan password 更改。
A password has 10 to 128 characters and is neither common nor the person's code. The person changes it by `yizhan password`.";

const SYSTEM: &str = "\
示例 · Example:
  yizhan admin enrol system TAX --display-name 税务征管系统 --request tax.csr --assertion-key BASE64 --out tax.pem

对方这样准备，两个私钥都不要交出 · The other side prepares this, and keeps both private keys:
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=tax -keyout tax.key -out tax.csr
  openssl genpkey -algorithm ed25519 -out tax-assertion.key
  openssl pkey -in tax-assertion.key -pubout -outform DER | tail -c 32 | base64       # --assertion-key";

const OPERATOR: &str = "\
示例，在服务器上 · Example, on the server:
  yizhan admin enrol operator li --data data
  yizhan admin who --credential data/pki/operator-li.pem --division 410223

运维凭证遗失或被吊销时也这样另签一份。吊销过的名称不能再用。
So an installation whose operator's credential was lost or taken back gets another. A name that was revoked is of no use any more.";

pub async fn run(task: Task, to: &To, division: &Division) -> anyhow::Result<()> {
    match task {
        Task::Terminal { code, window } => terminal(&code, &window, to, division).await,
        Task::Person { person } => self::person(&person, to, division).await,
        Task::System(args) => system(args, to, division).await,
        Task::Operator { name } => operators::enrol(&name, to).await,
    }
}

async fn terminal(code: &str, window: &str, to: &To, division: &Division) -> anyhow::Result<()> {
    let request = pb::CreateTerminalRequest {
        parent: division.parent()?,
        terminal_id: code.to_ascii_uppercase(),
        window: division.name("windows", window)?,
        request_id: Uuid::new_v4().to_string(),
    };
    let created = client(to)?.create_terminal(timed(request)).await.map_err(|status| refused(&status))?.into_inner();
    let (name, code) = (created.terminal.unwrap_or_default().name, created.enrolment_code);
    let mut out = io::stdout().lock();
    writeln!(out, "{name}\n启用码 · code  {code}")?;
    writeln!(out, "有效至 · good until {}，只能用一次 · once", time(created.code_expires_at.as_ref()))?;
    writeln!(out, "在终端上运行，ca.pem 放在凭证旁 · on the terminal, with ca.pem beside the credential:")?;
    Ok(writeln!(out, "  yizhan terminal enrol {name} --server https://…:4100 --credential FILE.pem")?)
}

async fn person(person: &str, to: &To, division: &Division) -> anyhow::Result<()> {
    let person = division.name("people", person)?;
    let mut client = client(to)?;
    let password = secret::new_password()?;
    let request = pb::SetPasswordRequest { person, password, request_id: Uuid::new_v4().to_string() };
    let set = client.set_password(timed(request)).await.map_err(|status| refused(&status))?.into_inner();
    let mut out = io::stdout().lock();
    Ok(writeln!(out, "{}\n密码已设置，原有登录已失效 · set; what was signed in is signed out", set.name)?)
}

async fn system(args: System, to: &To, division: &Division) -> anyhow::Result<()> {
    let System { code, display_name, request, assertion_key, out } = args;
    let create = pb::CreateSystemRequest {
        parent: division.parent()?,
        system_id: code.to_ascii_uppercase(),
        display_name,
        signing_request_pem: text(&request)?,
        assertion_key: public_key(&assertion_key)?,
        request_id: Uuid::new_v4().to_string(),
    };
    let created = client(to)?.create_system(timed(create)).await.map_err(|status| refused(&status))?.into_inner();
    let certificate = created.certificate.unwrap_or_default();
    let kept = out.as_deref().map(|file| fs::write(file, &certificate.chain_pem));
    // It is given once: where it cannot be kept, it is shown.
    if !matches!(kept, Some(Ok(()))) {
        write!(io::stdout().lock(), "{}", certificate.chain_pem)?;
    }
    let (name, until) = (certificate.name, time(certificate.expires_at.as_ref()));
    writeln!(io::stderr().lock(), "{name}\n证书有效至 · certificate good until {until}")?;
    match kept {
        Some(Err(error)) => Err(trouble(
            "系统已登记，但证书未能写入 --out 指定的文件，已输出在上面，请自行保存",
            format!("the system is made, but its certificate could not be written; it stands above: {error}"),
        )),
        _ => Ok(()),
    }
}

fn text(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).map_err(|error| {
        let shown = file.display();
        let why = match error.kind() {
            io::ErrorKind::NotFound => "没有这个文件",
            io::ErrorKind::PermissionDenied => "没有读取权限",
            _ => "不是文本文件",
        };
        trouble(format!("{shown} 无法读取：{why}"), format!("{shown} cannot be read: {error}"))
    })
}

fn public_key(text: &str) -> anyhow::Result<Vec<u8>> {
    let key = BASE64_STANDARD.decode(text.trim()).ok().filter(|key| key.len() == 32);
    key.ok_or_else(|| {
        trouble(
            "--assertion-key 有误：应为Ed25519公钥的32个字节，以Base64书写",
            "--assertion-key is wrong: the 32 bytes of an Ed25519 public key, in Base64",
        )
    })
}
