//! Every file whose arrival was answered is there, whole, unless another has taken its place in the draft.

use std::collections::BTreeMap;

use kit::keyring::Keyring;
use proto::disclosure::v1::{
    DownloadFileRequest, DraftState, Standing, download_file_response::Part, file_service_client::FileServiceClient,
};
use tonic::Status;

use super::{
    change::{Change, Upload, standing},
    check::{Fault, Law},
    history::{Outcome, Told},
};

pub async fn check(channel: &Keyring, told: &[&Told]) -> Vec<Fault> {
    // Of one publication the last one is in its draft, or in what was last published of it; of what is withheld there is
    // nothing to be had.
    let withheld = standing(Standing::Withheld, DraftState::Unspecified);
    let mut last: BTreeMap<&str, (i32, Option<&Upload>)> = BTreeMap::new();
    for told in told {
        let Outcome::Done(answer) = &told.outcome else { continue };
        let (stands, kept) = last.entry(&answer.noun).or_default();
        *stands = answer.state;
        if let Change::File(upload) = &told.change {
            *kept = Some(upload);
        }
    }
    let last = last.into_values().filter(|(stands, _)| *stands != withheld).filter_map(|(_, kept)| kept);
    let mut faults = Vec::new();
    for upload in last {
        match download(channel, upload.name()).await {
            Ok(file) if file == upload.file => {}
            Ok(file) => faults.push(Fault(Law::Stands, format!("{upload:?} is {} bytes", file.len()))),
            Err(status) if kit::status::reason(&status) == "FILE_NOT_FOUND" => {
                faults.push(Fault(Law::Kept, format!("{upload:?} is not there")));
            }
            Err(status) => faults.push(Fault(Law::Stands, format!("{upload:?}: {status:?}"))),
        }
    }
    faults
}

async fn download(channel: &Keyring, name: String) -> Result<Vec<u8>, Status> {
    let mut files = FileServiceClient::new(channel.clone());
    let mut parts = files.download_file(DownloadFileRequest { name }).await?.into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await? {
        if let Some(Part::Chunk(chunk)) = part.part {
            file.extend(chunk);
        }
    }
    Ok(file)
}
