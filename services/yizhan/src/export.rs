//! `yizhan export`: everything that is needed to count a division's figures again, as a file to give away.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use proto::gateway::v1::{ExportBundleRequest, figure_service_client::FigureServiceClient};

use crate::{
    figures::Who,
    peer::{Link, refused},
};

/// A journal of years takes a while.
const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    who: Who,
    /// 哪些服务的日志，逗号分隔 · Whose journals, with commas
    #[arg(long, value_delimiter = ',', default_value = "intake", value_name = "SERVICE,…")]
    services: Vec<String>,
    /// 写入的文件 · The file to write
    file: PathBuf,
}

/// Of `yizhan export --help`.
pub const EXAMPLE: &str = "\
示例 · Examples:
  yizhan export --division 410223 bundle.yizhan
  yizhan export --division 410223 --services intake,roster,disclosure,gateway bundle.yizhan
  yizhan verify bundle.yizhan

文件中没有申请人的个人信息，只有加盐的承诺值。
The file tells nothing personal of applicants, but salted commitments.";

pub async fn run(args: Args) -> anyhow::Result<()> {
    let parent = args.who.division.parent()?;
    let client = FigureServiceClient::new(args.who.link(PATIENCE).await?);
    // Under another name until it is whole, so that nobody takes a part of it for the file.
    let part = args.file.with_added_extension("part");
    let written = write(client, ExportBundleRequest { parent, services: args.services }, &part).await;
    let length = match written {
        Ok(length) => length,
        Err(error) => {
            // Whatever became of it, the first error is the one to tell.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
    };
    fs::rename(&part, &args.file)?;
    let file = args.file.display();
    writeln!(io::stdout().lock(), "{file}：{length} 字节 bytes\n核验 · check it: yizhan verify {file}")?;
    Ok(())
}

async fn write(
    mut client: FigureServiceClient<Link>,
    request: ExportBundleRequest,
    part: &Path,
) -> anyhow::Result<u64> {
    let mut pieces = client.export_bundle(request).await.map_err(|status| refused(&status))?.into_inner();
    let (mut file, mut length) = (BufWriter::new(File::create(part)?), 0);
    while let Some(piece) = pieces.message().await.map_err(|status| refused(&status))? {
        length += piece.data.len() as u64;
        file.write_all(&piece.data)?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(length)
}
