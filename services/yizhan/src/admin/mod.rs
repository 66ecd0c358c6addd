//! `yizhan admin`: who may do what. The operator gives credentials, takes them back, changes keys, and sees who is there;
//! and whether the journals are as they were written.

mod enrol;
mod log;
mod operators;
mod revoke;
mod rotate;
mod table;
mod who;

use clap::Subcommand;
use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};

use crate::{
    name::Division,
    peer::{Peer, To, refused, timed},
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    division: Division,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// 发放凭证：终端、人员、其他系统、运维人员 · Give a credential: to a terminal, a person, a system or an operator
    #[command(subcommand, after_help = ENROL)]
    Enrol(enrol::Task),
    /// 吊销凭证：五秒内处处生效，已发的不可恢复 · Take a credential back: everywhere within five seconds, and for good
    #[command(after_help = REVOKE)]
    Revoke(revoke::Args),
    /// 更换密钥：令牌签名密钥、个人信息加密密钥 · Change a key: of tokens, or of personal data
    #[command(subcommand, after_help = ROTATE)]
    Rotate(rotate::Task),
    /// 谁有凭证，哪些密钥在用 · Who has a credential, and which keys are in use
    #[command(after_help = WHO)]
    Who {
        /// 以JSON输出，每行一个对象 · Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// 各日志最新的已签日志头 · The newest signed head of each journal
    #[command(after_help = log::HEADS)]
    Heads(log::Args),
    /// 核查日志是否与写入时一致 · Check that the journals are as they were written
    #[command(after_help = log::CHECK)]
    CheckLog(log::Args),
}

/// Of `yizhan admin --help`.
pub const EXAMPLE: &str = "\
示例，在服务器上，数据目录为 ./data · Examples, on the server, whose data folder is ./data:
  export YIZHAN_DIVISION=410223
  yizhan admin enrol terminal T1 --window A01          # 新终端 · a new terminal
  yizhan admin enrol person U001-08                    # 设置密码 · sets a password
  yizhan admin who                                     # 名册 · the register
  yizhan admin revoke terminals/T1 --reason 设备遗失     # 吊销 · takes one back

在其他机器上用 --credential 指定运维凭证 · Elsewhere name the operator's credential by --credential.";

const ENROL: &str = "\
示例 · Examples:
  yizhan admin enrol terminal T1 --window A01          # 给出一次性启用码 · tells a code, good once
  yizhan admin enrol person U001-08                    # 提示输入密码 · asks for the password
  yizhan admin enrol system TAX --display-name 税务 --request tax.csr --assertion-key BASE64
  yizhan admin enrol operator li                       # 须能读取 ca.key · for who can read ca.key";

const REVOKE: &str = "\
示例 · Examples:
  yizhan admin revoke divisions/410223/terminals/T1 --reason 设备遗失
  yizhan admin revoke terminals/T1 --division 410223 --reason 设备遗失
  yizhan admin revoke U001-08 --division 410223 --reason 离职
  yizhan admin revoke operators/li --reason 离任

名称见 yizhan admin who。吊销后，人员可再设密码，终端可用同一编号重新登记（enrol）；系统、运维凭证请换一个编号。
Names are told by `yizhan admin who`. A person may be given a new password, and a terminal's code may be enrolled again; for a
system or an operator take another code.";

const ROTATE: &str = "\
示例 · Examples:
  yizhan admin rotate signing-key                      # 每年，或疑似泄露时 · every year, or where it may be known
  yizhan admin rotate field-key                        # 在服务器上；之后重启服务 · on the server; then start it again";

const WHO: &str = "\
示例 · Examples:
  yizhan admin who --division 410223
  yizhan admin who --division 410223 --json | grep REVOKED

运维凭证由颁发机构直接签发，服务端只记得换过证书或吊销过的；其余列出的是本机 pki 目录中的。
Operators have their certificates from the authority itself: the service knows those that were renewed or revoked; the
others in this list are those whose files lie in the folder pki of this machine.";

pub async fn run(args: Args) -> anyhow::Result<()> {
    let Args { to, division, task } = args;
    match task {
        Task::Enrol(task) => enrol::run(task, &to, &division).await,
        Task::Revoke(args) => revoke::run(args, &to, &division).await,
        Task::Rotate(task) => rotate::run(task, &to).await,
        Task::Who { json } => who::run(json, &to, &division).await,
        Task::Heads(args) => log::heads(&args, &to, &division).await,
        Task::CheckLog(args) => log::check(&args, &to, &division).await,
    }
}

type Client = CredentialServiceClient<Peer>;

fn client(to: &To) -> anyhow::Result<Client> {
    Ok(CredentialServiceClient::new(to.operator()?))
}

/// All credentials of a division.
async fn all(client: &mut Client, parent: String) -> anyhow::Result<Vec<pb::Credential>> {
    let mut request = pb::ListCredentialsRequest { parent, page_size: 1_000, page_token: String::new() };
    let mut credentials = Vec::new();
    loop {
        let page = client.list_credentials(timed(request.clone())).await.map_err(|status| refused(&status))?;
        let page = page.into_inner();
        credentials.extend(page.credentials);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(credentials);
        }
    }
}
