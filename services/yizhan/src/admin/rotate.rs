//! `yizhan admin rotate`: changes keys.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use kit::keys::Keys;
use proto::directory::v1 as pb;
use uuid::Uuid;

use super::{client, table, who};
use crate::{
    peer::{To, refused, timed},
    trouble,
};

#[derive(clap::Subcommand)]
pub enum Task {
    /// 令牌签名密钥：立即更换，已登录的人不受影响 · The key that signs tokens: at once, and who is signed in stays so
    #[command(after_help = SIGNING)]
    SigningKey,
    /// 个人信息加密密钥：在密钥文件中新增一把，重启服务后启用 · The key that seals personal data: adds one to the key file,
    /// used once the services start again
    #[command(after_help = FIELD)]
    FieldKey {
        /// 密钥文件，默认为数据目录中的 master.key · Key file; master.key of the data folder where it is not given
        #[arg(long, env = "YIZHAN_KEY_FILE", value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
}

const SIGNING: &str = "\
示例 · Example:
  yizhan admin rotate signing-key

旧密钥签发的令牌在到期（五分钟）前仍有效。密钥及其时间见 yizhan admin who。
Tokens of the old key stay good until they expire (five minutes). `yizhan admin who` tells the keys and their times.";

const FIELD: &str = "\
示例，在服务器上 · Example, on the server:
  yizhan admin rotate field-key --data data
  # 重启服务：新数据用新密钥加密，旧数据在后台逐步改用新密钥
  # start the services again: they seal with the new key, and seal again in the background what older keys sealed

旧密钥仍留在文件中，读取旧数据要用。请立即把新的密钥文件另行备份；多台服务器共用的，每台都要换上同一个文件。
The older keys stay in the file: what they sealed is read with them. Back the file up at once, apart from the databases;
where several machines share it, bring it to each of them.";

pub async fn run(task: Task, to: &To) -> anyhow::Result<()> {
    match task {
        Task::SigningKey => signing_key(to).await,
        Task::FieldKey { key_file } => field_key(&key_file.unwrap_or_else(|| to.data.join("master.key"))),
    }
}

async fn signing_key(to: &To) -> anyhow::Result<()> {
    let request = pb::RotateSigningKeyRequest { request_id: Uuid::new_v4().to_string() };
    let rotated = client(to)?.rotate_signing_key(timed(request)).await.map_err(|status| refused(&status))?;
    let mut out = io::stdout().lock();
    writeln!(out, "签名密钥已更换，已登录的人不受影响 · rotated; who is signed in stays so")?;
    Ok(table::write(&mut out, &who::keys(&rotated.into_inner().keys))?)
}

fn field_key(file: &Path) -> anyhow::Result<()> {
    let shown = file.display();
    // One that is made here would be nobody's.
    if !file.is_file() {
        return Err(trouble(
            format!("没有密钥文件 {shown}。请在服务器上运行，或用 --data、--key-file 指定"),
            format!("there is no key file {shown}; run this on the server, or name it by --data or --key-file"),
        ));
    }
    let number = Keys::add(file).map_err(|error| {
        trouble(format!("密钥文件 {shown} 无法更新，未作改动"), format!("{shown} cannot be added to: {error}"))
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{shown}\n已新增第 {number} 号密钥 · key {number} added")?;
    writeln!(out, "请备份此文件并重启服务，重启后启用 · back it up, and start the services again: then it is used")?;
    Ok(())
}
