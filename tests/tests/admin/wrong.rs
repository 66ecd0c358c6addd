//! What people get wrong: each ends with exit code 1 and a sentence that says what to do.

use std::{fs, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use kit::pki::{self, Authority, Identity};

use crate::{
    cli::{Said, Town},
    desk,
    house::program::free_address,
    receive,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_gets_wrong_is_told_in_chinese_first_and_ends_with_1() {
    let town = Town::open().await;
    let file = |name: &str, text: &str| {
        let path = town.config.data.join(name);
        fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let operator = |args: &str, typed: &str| town.operator(&args.split(' ').collect::<Vec<_>>(), typed);
    let at = |url: &str| town.operator(&["who", "--server", url], "");
    desk(&town, "T1");
    operator("enrol terminal T1 --window A01", "").refused("[TERMINAL_EXISTS]");
    operator("enrol terminal T2 --window Z99", "").refused("[WINDOW_NOT_FOUND]");
    operator("enrol terminal T2 --window A01 --division 999999", "").refused("_NOT_FOUND]");
    operator("enrol terminal T2 --window A01 --division 尉氏", "").refused("[FIELD_INVALID]");
    operator("enrol terminal 一号 --window A01", "").refused("[FIELD_INVALID]");
    operator("enrol person C999", "correct horse battery\n").refused("[PERSON_NOT_FOUND]");
    operator("enrol person C012", "short\n").refused("[FIELD_INVALID]");
    operator("enrol person C012", "").refused("未输入");
    operator("enrol operator Li", "").refused("小写字母");
    operator("enrol operator first", "").refused("已有凭证");
    operator("enrol operator li --data nowhere", "").refused("没有颁发机构私钥");
    operator("revoke operators/first --reason 离任", "").refused("[OWN_CREDENTIAL]");
    operator("revoke T9 --reason lost", "").refused("没有编号为 T9 的凭证");
    operator("revoke people/C023 --reason left", "").refused("[CREDENTIAL_NOT_FOUND]");
    operator("revoke a/b/c --reason lost", "").refused("不是凭证名称");
    operator("revoke cases/1 --reason lost", "").refused("[FIELD_INVALID]");
    operator("rotate field-key --key-file nowhere.key", "").refused("没有密钥文件");

    let (key, request) = ("A".repeat(43) + "=", file("no.csr", "no request"));
    let system = |request: &str, key: &str, division: &str| {
        let args = ["enrol", "system", "TAX", "--display-name", "税务", "--request", request, "--assertion-key", key];
        town.operator(&[&args[..], &["--division", division, "--out", "tax.pem"]].concat(), "")
    };
    system("nowhere.csr", &key, "410223").refused("没有这个文件");
    system(&request, "not base64!", "410223").refused("--assertion-key 有误");
    system(&request, &key, "410223").refused("[FIELD_INVALID]");
    let (_, good) = pki::signing_request().expect("a request");
    let (good, key) = (file("good.csr", &good), BASE64_STANDARD.encode([7; 32]));
    system(&good, &key, "999999").refused("[DIVISION_NOT_FOUND]");
    system(&good, &key, "410223").ok();
    operator("revoke TAX --reason 停用", "").ok();
    system(&good, &key, "410223").refused("[SYSTEM_EXISTS]");

    town.run(&["admin", "who"], &[("YIZHAN_DATA", "nowhere")], "").refused("缺少凭证文件");
    town.operator(&["--division", "", "who"], "").refused("[FIELD_INVALID]");
    at("10.0.0.3").refused("不是网址");
    at(&format!("https://{}", free_address())).refused("服务未运行");
    at("https://no-such-host.invalid:4100").refused("找不到服务器");
    at(&format!("https://{}", town.program().web.expect("pages"))).refused("不是本系统的服务端口");
    assert!(!town.program().said().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clerk_gets_wrong_is_told_in_chinese_first_and_ends_with_1() {
    let town = Town::open().await;
    let (credential, code) = desk(&town, "T1");
    let enrol = |machine: &str, terminal: &str, code: &str| -> Said {
        let credential = town.machine(machine).join("t.pem");
        town.at(&credential, &["terminal", "enrol", terminal], &format!("{code}\n"))
    };
    town.operator(&["enrol", "terminal", "T2", "--window", "A01"], "").ok();
    enrol("b", "T2", "AAAAA-BBBBB-CCCCC-DDDDD-EEEEEE").refused("[ENROLMENT_CODE_WRONG]");
    enrol("b", "T1", &code).refused("[ENROLMENT_CODE_WRONG]");
    enrol("b", "T9", &code).refused("[ENROLMENT_CODE_WRONG]");
    enrol("b", "T2", "").refused("未输入");
    town.at(&credential, &["terminal", "enrol", "T1"], "").refused("已存在");
    let bare = town.config.data.join("bare/t.pem");
    town.at(&bare, &["terminal", "enrol", "T2"], "").refused("缺少凭证文件");
    town.at(&credential, &["sign-in", "C012"], "not the password\n").refused("[PASSWORD_WRONG]");
    town.at(&credential, &["sign-in", "C999"], "not the password\n").refused("[PASSWORD_WRONG]");
    town.at(&credential, &["password", "C023"], "").refused("未在本机登录");
    town.at(&credential, &["password", "C012"], "correct horse battery\nshort\n").refused("[FIELD_INVALID]");
    town.at(&credential, &["admin", "who"], "").refused("[ROLE_NOT_ALLOWED]");

    // Certificates of another authority, of nobody, and of yesterday.
    let there = town.machine("elsewhere");
    let stranger = Authority::open(&town.config.data.join("stranger")).expect("an authority");
    let year = Duration::from_secs(366 * 86_400);
    let save = |authority: &Authority, name: &str, life| {
        let identity = authority.issue("divisions/410223/terminals/T1", &[], life).expect("a credential");
        identity.save(&there.join(name)).expect("written");
        there.join(format!("{name}.pem"))
    };
    let foreign = save(&stranger, "foreign", year);
    town.at(&foreign, &["sign-in", "C012"], "correct horse battery\n").refused("不是由");
    let own = Authority::open(&town.config.data.join("pki")).expect("the authority");
    let expired = save(&own, "expired", Duration::from_secs(0));
    town.at(&expired, &["sign-in", "C012"], "correct horse battery\n").refused("过期");
    let (chain_pem, key_pem) = (read(&credential), read(&foreign.with_extension("key")));
    Identity { chain_pem, key_pem }.save(&there.join("mixed")).expect("written");
    town.at(&there.join("mixed.pem"), &["terminal", "renew"], "").refused("不是一对");
    fs::write(there.join("ca.pem"), stranger.certificate_pem()).expect("written");
    town.at(&foreign, &["sign-in", "C012"], "correct horse battery\n").refused("服务器不是本单位的");
    let soon = save(&own, "soon", Duration::from_secs(60));
    fs::copy(town.config.data.join("pki/ca.pem"), there.join("ca.pem")).expect("a copy");
    let said = town.at(&soon, &["sign-in", "C012"], "correct horse battery\n").ok();
    assert!(said.out.contains("到期，请更换后重新登录"), "{said:?}");
    let nowhere = format!("https://{}", free_address());
    let list = ["window", "--clerk", "C012", "--server", &nowhere, "list"];
    town.at(&credential, &list, "").refused("无法连接：服务未运行");
    town.at(&credential, &["health", "--server", &nowhere], "").refused("无法连接：服务未运行");
    // What went wrong beside it has broken nothing.
    receive(&town, &credential).ok();
    let (secret, wrong) = ("correct horse battery".to_owned(), "not the password".to_owned());
    town.keeps(&[secret, wrong, code.replace('-', "")], &[]);
}

fn read(path: &std::path::Path) -> String {
    fs::read_to_string(path).expect("a file")
}
