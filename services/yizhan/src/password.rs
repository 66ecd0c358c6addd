//! `yizhan password`: who is signed in changes the own password.

use std::io::{self, Write};

use proto::directory::v1::{self as pb, credential_service_client::CredentialServiceClient};

use crate::{
    peer::{Link, PATIENCE, refused, timed},
    secret,
    sign_in::{Args, SignedIn, nobody},
};

pub const EXAMPLE: &str = "\
示例 · Example:
  yizhan password U001-08 --division 410223 --credential t1.pem

先问现用密码，再问新密码；不显示，也不在命令行上。忘记密码的，请运维人员重置（yizhan admin enrol person）。
It asks for the old password, then the new one. Whoever has forgotten it asks the operator (yizhan admin enrol person).";

pub async fn run(args: Args) -> anyhow::Result<()> {
    let person = args.division.name("people", &args.person)?;
    let peer = args.to.terminal()?;
    let signed = SignedIn::at(&args.to.folder());
    let bearer = async || match signed.bearer(&person, &peer).await {
        Ok(bearer) => bearer.ok_or_else(|| nobody(&person)),
        Err(status) => Err(status),
    };
    // Nobody types for nothing.
    bearer().await.map_err(|status| refused(&status))?;
    let request = pb::ChangePasswordRequest {
        old_password: secret::read("现用密码 · old password: ")?,
        new_password: secret::new_password()?,
    };
    // The token may have run out while it was typed.
    let bearer = bearer().await.map_err(|status| refused(&status))?;
    let link = Link::new(peer.clone(), Some(bearer), PATIENCE);
    let changed = CredentialServiceClient::new(link).change_password(timed(request)).await;
    let changed = changed.map_err(|status| refused(&status))?.into_inner();
    let mut out = io::stdout().lock();
    Ok(writeln!(out, "{}\n密码已更改，其他登录已失效 · changed; other sessions have ended", changed.name)?)
}
