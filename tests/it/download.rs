//! Downloads against a server that does everything wrong: each fault has its error, and nothing of it stays on disk.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use nixstart::error::{Error, ErrorKind};
use nixstart::host::apply::download::{self, Wanted};
use nixstart::host::http::{self, CertificateFault, Digest, HttpError, Request, Trust};
use nixstart::plan::receipt::{Before, Receipt, Record};
use nixstart::plan::{Action, DownloadCheck, Plan, Privilege, Sha256, Step, Undo};
use pretty_assertions::assert_eq;

use crate::support::server::{Answer, Identity, Server, proxy_to};
use crate::support::{Sandbox, checkout, files_below, run, tools};

/// A folder in which nothing but the download should ever be.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file two directories below, which do not exist yet.
    fn file(&self) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.0.path().join("state/downloads/install")).unwrap()
    }

    #[track_caller]
    fn is_empty(&self, why: &str) {
        let left: Vec<_> = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{why} leaves {left:?}");
    }
}

fn loopback() -> Trust {
    Trust { system: false, extra_ca: None, allow_loopback_http: true }
}

fn trust_of(server: &Server) -> Trust {
    let authority = Utf8PathBuf::from_path_buf(server.authority()).unwrap();
    Trust { system: false, extra_ca: Some(authority), allow_loopback_http: false }
}

/// A script that is longer than what is read at once.
fn script() -> Vec<u8> {
    let mut script = b"#!/bin/sh\necho installed\nexit 0\n".to_vec();
    script.extend((0..200_000u32).map(|index| b"0123456789abcdef\n"[index as usize % 17]));
    script
}

fn digest(bytes: &[u8]) -> Sha256 {
    Sha256::parse(&nixstart::host::files::sha256(bytes)).unwrap()
}

fn request(server: &Server, path: &str, trust: &Trust) -> Request {
    Request::new(&server.url(path), 10_000_000, trust)
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_file_that_came_whole_is_private() {
    for answer in [Answer::Whole(script()), Answer::Chunked(script())] {
        let (server, folder) = (Server::plain("/install", answer), Folder::new());
        let mut latest = None;
        let found = http::download(&request(&server, "/install", &loopback()), &folder.file(), &mut |now| latest = Some(now));
        assert_eq!(
            found.unwrap(),
            Digest { sha256: digest(&script()), bytes: script().len() as u64, url: server.url("/install") }
        );
        assert_eq!(fs::read(folder.file()).unwrap(), script());
        assert_eq!((mode(folder.file()), mode(folder.file().parent().unwrap())), (0o600, 0o700));
        assert_eq!(latest.unwrap().received, script().len() as u64);
    }
}

/// Whether an error is the right one.
type IsRight = fn(&HttpError) -> bool;
/// What is wrong, and whether an error is the right one for it.
type Fault = (&'static str, Answer, IsRight);

fn faults() -> Vec<Fault> {
    vec![
        ("a short body", Answer::Short(script()), |error| matches!(error, HttpError::Truncated { .. })),
        ("a very short body", Answer::Short(b"#!".to_vec()), |error| matches!(error, HttpError::Truncated { .. })),
        ("cut chunks", Answer::CutChunks(script()), |error| matches!(error, HttpError::Truncated { .. })),
        ("no answer", Answer::Closed, |error| matches!(error, HttpError::Connection { .. })),
        ("a page", Answer::Page, |error| matches!(error, HttpError::CaptivePortal { .. })),
        ("a page that is called a file", Answer::PageAsFile, |error| matches!(error, HttpError::CaptivePortal { .. })),
        ("a login", Answer::Status(511, &[]), |error| matches!(error, HttpError::CaptivePortal { .. })),
        ("404", Answer::Status(404, &[]), |error| matches!(error, HttpError::Status { status: 404, retry_after: None, .. })),
        (
            "429",
            Answer::Status(429, &[("Retry-After", "30")]),
            |error| matches!(error, HttpError::Status { status: 429, retry_after: Some(after), .. } if after == "30"),
        ),
        ("a redirect to nowhere", Answer::Status(302, &[]), |error| matches!(error, HttpError::NoTarget { .. })),
        (
            "a redirect to http",
            Answer::Redirect("http://example.invalid/install".to_owned()),
            |error| matches!(error, HttpError::InsecureRedirect { to, .. } if to == "http://example.invalid/install"),
        ),
        ("a loop", Answer::Redirect("/install".to_owned()), |error| matches!(error, HttpError::TooManyRedirects { most: 5, .. })),
        ("too much", Answer::Whole(vec![b'#'; 10_000_001]), |error| matches!(error, HttpError::TooLarge { .. })),
        ("too much in chunks", Answer::Chunked(vec![b'#'; 10_000_001]), |error| matches!(error, HttpError::TooLarge { .. })),
    ]
}

#[test]
fn every_fault_has_its_error_and_leaves_nothing() {
    for (what, answer, is_right) in faults() {
        let (server, folder) = (Server::plain("/install", answer), Folder::new());
        let asked = request(&server, "/install", &loopback());
        let error = http::download(&asked, &folder.file(), &mut |_| {}).unwrap_err();
        assert!(is_right(&error), "{what}: {error:?}");
        folder.is_empty(what);
        assert!(is_right(&http::get(&asked).unwrap_err()), "{what} into memory");
    }
}

#[test]
fn redirects_are_followed_five_times() {
    let server = Server::start(Identity::None);
    for hop in 0..5 {
        server.answers(&format!("/{hop}"), &[Answer::Redirect(format!("/{}", hop + 1))]);
    }
    server.answers("/5", &[Answer::Whole(script())]);
    assert_eq!(http::get(&request(&server, "/0", &loopback())).unwrap().bytes, script());
    assert_eq!(server.asked(), ["/0", "/1", "/2", "/3", "/4", "/5"]);
}

#[test]
fn a_slow_server_is_not_waited_for() {
    let drip = || Answer::Drip(vec![b'#'; 600], Duration::from_millis(30));
    let limits = |deadline, longest_silence| move |asked| Request { deadline, longest_silence, ..asked };
    let (short, long) = (Duration::from_millis(300), Duration::from_secs(60));
    let cases: [(Answer, Duration, Duration, IsRight); 3] = [
        (drip(), short, long, |error| matches!(error, HttpError::TimedOut { .. })),
        (Answer::Silence, short, long, |error| matches!(error, HttpError::TimedOut { .. })),
        (Answer::Silence, long, short, |error| matches!(error, HttpError::Silent { .. })),
    ];
    for (answer, deadline, longest_silence, is_right) in cases {
        let (server, folder) = (Server::plain("/install", answer), Folder::new());
        let asked = limits(deadline, longest_silence)(request(&server, "/install", &loopback()));
        let began = std::time::Instant::now();
        let error = http::download(&asked, &folder.file(), &mut |_| {}).unwrap_err();
        assert!(is_right(&error), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
        folder.is_empty("a slow server");
    }
}

#[test]
fn whoever_asks_to_stop_is_heard() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let server = Server::plain("/install", Answer::Drip(vec![b'#'; 600], Duration::from_millis(10)));
    let folder = Folder::new();
    let asked = Request { is_stopped: || STOP.load(Ordering::SeqCst), ..request(&server, "/install", &loopback()) };
    let error = http::download(&asked, &folder.file(), &mut |_| STOP.store(true, Ordering::SeqCst)).unwrap_err();
    assert!(matches!(error, HttpError::Interrupted { .. }), "{error:?}");
    assert_eq!(Error::from(error).kind(), ErrorKind::Interrupted);
    folder.is_empty("an interrupt");
}

#[test]
fn a_server_has_to_prove_who_it_is() {
    let good = Server::start(Identity::Good);
    good.answers("/install", &[Answer::Whole(script())]);
    assert_eq!(http::get(&request(&good, "/install", &trust_of(&good))).unwrap().bytes, script());
    for (identity, expected) in [
        (Identity::Expired, CertificateFault::Expired),
        (Identity::NotYetValid, CertificateFault::NotYetValid),
        (Identity::OtherName, CertificateFault::OtherName),
        (Identity::SelfSigned, CertificateFault::UnknownAuthority),
    ] {
        let (server, folder) = (Server::start(identity), Folder::new());
        server.answers("/install", &[Answer::Whole(script())]);
        let error = http::download(&request(&server, "/install", &trust_of(&server)), &folder.file(), &mut |_| {}).unwrap_err();
        assert!(matches!(&error, HttpError::Certificate { fault, .. } if *fault == expected), "{identity:?}: {error:?}");
        folder.is_empty("a certificate that is not believed");
        assert_eq!(server.asked(), Vec::<String>::new(), "nothing is said to a server that is not believed");
    }
}

#[test]
fn nothing_is_fetched_without_tls() {
    let plain = Server::plain("/install", Answer::Whole(script()));
    let strict = Trust { allow_loopback_http: false, ..loopback() };
    assert!(matches!(http::get(&request(&plain, "/install", &strict)), Err(HttpError::Insecure { .. })));
    let secure = Server::start(Identity::Good);
    secure.answers("/install", &[Answer::Redirect(plain.url("/install"))]);
    let lenient = Trust { allow_loopback_http: true, ..trust_of(&secure) };
    for trust in [trust_of(&secure), lenient] {
        let error = http::get(&request(&secure, "/install", &trust)).unwrap_err();
        assert!(matches!(error, HttpError::InsecureRedirect { .. }), "{error:?}");
    }
    assert_eq!(plain.asked(), Vec::<String>::new());
}

#[test]
fn authorities_that_cannot_be_read_are_named() {
    let server = Server::start(Identity::Good);
    let file = Folder::new().file();
    let absent = Trust { extra_ca: Some(file.clone()), ..trust_of(&server) };
    let error = http::get(&request(&server, "/install", &absent)).unwrap_err();
    assert!(matches!(&error, HttpError::Authorities { path, .. } if *path == file), "{error:?}");
    let empty = Trust { extra_ca: None, ..trust_of(&server) };
    assert!(matches!(http::get(&request(&server, "/install", &empty)), Err(HttpError::NoAuthorities)));
}

#[test]
fn others_may_neither_look_into_the_directory_nor_own_the_file() {
    let server = Server::plain("/install", Answer::Whole(script()));
    let folder = Folder::new();
    let (file, directory) = (folder.file(), folder.file().parent().unwrap().to_owned());
    fs::create_dir_all(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let error = http::download(&request(&server, "/install", &loopback()), &file, &mut |_| {}).unwrap_err();
    assert!(matches!(error, HttpError::NotPrivate { .. }), "{error:?}");
    assert_eq!(mode(&directory), 0o755, "somebody's directory is left as it is");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(&file, "mine").unwrap();
    let error = http::download(&request(&server, "/install", &loopback()), &file, &mut |_| {}).unwrap_err();
    assert!(matches!(error, HttpError::Disk(_)), "{error:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

fn fetch(server: &Server, path: &Utf8Path, check: &DownloadCheck) -> nixstart::error::Result<()> {
    let wanted = Wanted { url: &server.url("/install"), path, check, most_bytes: 10_000_000 };
    download::fetch(wanted, &loopback(), &mut |_| Ok(()), &mut |_| {})
}

#[test]
fn a_byte_that_was_flipped_is_found_and_both_digests_are_named() {
    let mut flipped = script();
    flipped[100_000] ^= 1;
    let (server, folder) = (Server::plain("/install", Answer::Whole(flipped.clone())), Folder::new());
    let error = fetch(&server, &folder.file(), &DownloadCheck::Pinned { sha256: digest(&script()) }).unwrap_err();
    let expected = format!(
        "`{}` is not what was expected: its SHA-256 is {}, and the pinned one is {}",
        server.url("/install"),
        digest(&flipped),
        digest(&script())
    );
    assert_eq!((error.to_string(), error.kind()), (expected, ErrorKind::Refused));
    assert_eq!(error.hints(), ["get a newer nixstart, or name the digest that you trust with `--installer-sha256`"]);
    folder.is_empty("another digest");
    fetch(&server, &folder.file(), &DownloadCheck::Pinned { sha256: digest(&flipped) }).unwrap();
    assert_eq!(mode(folder.file()), 0o700, "what was checked may be run");
}

#[test]
fn what_its_publisher_says_counts_when_nothing_is_pinned() {
    let server = Server::plain("/install", Answer::Whole(script()));
    let check = DownloadCheck::Published { sha256_url: server.url("/sums") };
    let list = format!("{}  other\n{}  install\n", digest(b"other"), digest(&script()));
    for said in [digest(&script()).to_string(), list] {
        server.answers("/sums", &[Answer::Whole(said.into_bytes())]);
        let folder = Folder::new();
        fetch(&server, &folder.file(), &check).unwrap();
        assert_eq!(fs::read(folder.file()).unwrap(), script());
    }
    for (said, message) in [
        (Answer::Whole(digest(b"other").to_string().into_bytes()), "and the one that its publisher names is"),
        (Answer::Whole(format!("{}  other\n", digest(b"other")).into_bytes()), "has no SHA-256 digest of `install`"),
        (Answer::Status(404, &[]), "answers with status 404"),
        (Answer::Page, "answers with a web page"),
    ] {
        server.answers("/sums", &[said]);
        let folder = Folder::new();
        let error = fetch(&server, &folder.file(), &check).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        folder.is_empty(message);
    }
}

#[test]
fn a_long_download_says_how_far_it_is_a_few_times() {
    let mut long = script();
    long.resize(9_500_000, b'#');
    let (server, folder) = (Server::plain("/install", Answer::Whole(long.clone())), Folder::new());
    let check = DownloadCheck::Pinned { sha256: digest(&long) };
    let wanted = Wanted { url: &server.url("/install"), path: &folder.file(), check: &check, most_bytes: 9_500_000 };
    let mut lines = Vec::new();
    download::fetch(wanted, &loopback(), &mut |_| Ok(()), &mut |line| lines.push(line.to_owned())).unwrap();
    assert_eq!(lines, ["5 MB of 10 MB", "9 MB of 10 MB"]);
}

#[test]
fn only_a_program_gets_its_name() {
    for (bytes, is_program) in [
        (&b"\x7fELF\x02\x01\x01"[..], true),
        (b"\xcf\xfa\xed\xfe\x0c", true),
        (b"#!/bin/sh\n", true),
        (b"{\"message\":\"Not Found\"}", false),
        (b"PK\x03\x04", false),
        (b"#", false),
        (b"", false),
    ] {
        let (server, folder) = (Server::plain("/install", Answer::Whole(bytes.to_vec())), Folder::new());
        let fetched = fetch(&server, &folder.file(), &DownloadCheck::Pinned { sha256: digest(bytes) });
        assert_eq!(fetched.is_ok(), is_program, "{bytes:?}: {fetched:?}");
        if !is_program {
            assert!(fetched.unwrap_err().to_string().contains("is no program"));
            folder.is_empty("no program");
        }
    }
}

/// A run of one download that has begun and did not come far, and where its file goes.
fn begun(sandbox: &Sandbox, server: &Server, check: DownloadCheck) -> Utf8PathBuf {
    begun_from(sandbox, server.url("/install"), check)
}

fn begun_from(sandbox: &Sandbox, url: String, check: DownloadCheck) -> Utf8PathBuf {
    let root = Utf8PathBuf::from_path_buf(sandbox.work()).unwrap();
    let path = root.join("downloads/install");
    let step = Step {
        id: "download".into(),
        title: "Download the installer".into(),
        explanation: "It is run in the next step.".into(),
        privilege: Privilege::User,
        action: Action::Download { url, path: path.clone(), check, most_bytes: 10_000_000 },
        undo: Undo::Inverse { by: "remove the file".into() },
        is_satisfied: false,
        proof: None,
    };
    remember(sandbox, root, vec![step]);
    path
}

/// Leaves the receipt of a run that was cut short before its first step.
fn remember(sandbox: &Sandbox, root: Utf8PathBuf, steps: Vec<Step>) {
    let suffix: String = digest(root.as_str().as_bytes()).as_str().chars().take(8).collect();
    let plan = Plan { command: "doctor".into(), title: "x".into(), root, steps, notes: vec![] };
    let began = Record::Began { format: 1, nixstart: "0.1.0".into(), at: "2026-01-01T00:00:00Z".into(), plan: Box::new(plan) };
    let receipts = sandbox.state().join("nixstart/receipts");
    fs::create_dir_all(&receipts).unwrap();
    fs::write(receipts.join(format!("20260101T000000000-{suffix}.jsonl")), serde_json::to_string(&began).unwrap() + "\n")
        .unwrap();
}

/// The real program, about to go on with what has begun.
fn resume(sandbox: &Sandbox, server: &Server) -> Command {
    let mut command = sandbox.command();
    command.args(["doctor", "--fix", "--resume"]).env("NIX_SSL_CERT_FILE", server.authority());
    // This machine is asked without a proxy.
    command.env("https_proxy", "http://127.0.0.1:9");
    command
}

fn secure(answers: &[Answer]) -> Server {
    let server = Server::start(Identity::Good);
    server.answers("/install", answers);
    server.answers("/sums", &[Answer::Whole(digest(&script()).to_string().into_bytes())]);
    server
}

fn checks(server: &Server) -> [DownloadCheck; 2] {
    [DownloadCheck::Pinned { sha256: digest(&script()) }, DownloadCheck::Published { sha256_url: server.url("/sums") }]
}

#[test]
fn the_program_downloads_and_takes_it_back() {
    let server = secure(&[Answer::Whole(script())]);
    for check in checks(&server) {
        let sandbox = Sandbox::new();
        let path = begun(&sandbox, &server, check);
        run(&mut resume(&sandbox, &server), "").expect(0).says("done: Download the installer");
        assert_eq!(fs::read(&path).unwrap(), script());
        let receipt = Receipt::parse(&sandbox.remembered()).unwrap();
        let sha256 = receipt.progress("download").after.unwrap().sha256;
        assert_eq!(sha256.as_deref(), Some(digest(&script()).as_str()));
        sandbox.run(&["undo", "--yes"]).expect(0);
        assert!(sandbox.files().is_empty() && !path.parent().unwrap().exists(), "{:?}", sandbox.files());
    }
}

#[test]
fn a_download_that_was_changed_since_is_kept() {
    let (server, sandbox) = (secure(&[Answer::Whole(script())]), Sandbox::new());
    let path = begun(&sandbox, &server, checks(&server)[0].clone());
    run(&mut resume(&sandbox, &server), "").expect(0);
    fs::write(&path, "#!/bin/sh\necho mine\n").unwrap();
    sandbox.run(&["undo", "--yes"]).says("it was changed since");
    assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\necho mine\n");
}

#[test]
fn a_file_that_is_in_the_way_is_kept() {
    let (server, sandbox) = (secure(&[Answer::Whole(script())]), Sandbox::new());
    let path = begun(&sandbox, &server, checks(&server)[0].clone());
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "mine").unwrap();
    run(&mut resume(&sandbox, &server), "").expect(8).says("is there already, and it is not what is wanted");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert_eq!(server.asked(), Vec::<String>::new());
}

/// Waits until a part of the file has come.
fn wait_for_some_bytes(sandbox: &Sandbox) {
    for _ in 0..6000 {
        if sandbox.work().join("downloads").is_dir() && sandbox.files().values().any(|bytes| !bytes.is_empty()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing ever came");
}

#[test]
fn signals_leave_nothing_half_and_the_next_run_goes_on() {
    for (signal, check) in [("INT", 0), ("TERM", 1), ("KILL", 0), ("KILL", 1)] {
        let drip = Answer::Drip(script()[..10_000].to_vec(), Duration::from_millis(20));
        let (server, sandbox) = (secure(&[drip, Answer::Whole(script())]), Sandbox::new());
        let path = begun(&sandbox, &server, checks(&server)[check].clone());
        let mut child = resume(&sandbox, &server).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        wait_for_some_bytes(&sandbox);
        let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let code = child.wait().unwrap().code();
        assert_eq!(code, if signal == "KILL" { None } else { Some(130) }, "{signal}");
        assert!(!path.exists(), "{signal}");
        if signal != "KILL" {
            assert_eq!(sandbox.files().len(), 0, "{signal} leaves {:?}", sandbox.files().keys());
        }
        run(&mut resume(&sandbox, &server), "").expect(0);
        assert_eq!(sandbox.files().into_keys().collect::<Vec<_>>(), ["downloads/install"], "{signal}");
        sandbox.run(&["undo", "--yes"]).expect(0);
        assert!(!path.parent().unwrap().exists(), "{signal}");
    }
}

#[test]
fn a_crash_after_the_file_got_its_name_loses_nothing() {
    for (check, goes_on) in [(0, true), (1, true), (0, false), (1, false)] {
        let (server, sandbox) = (secure(&[Answer::Whole(script())]), Sandbox::new());
        let path = begun(&sandbox, &server, checks(&server)[check].clone());
        let directory = path.parent().unwrap();
        fs::create_dir(directory).unwrap();
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(&path, script()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let stamp = Some(nixstart::host::files::stamp(&path).unwrap());
        let made_directories = vec![directory.to_owned()];
        let before = Before { stamp, made_directories, ..Before::default() };
        let line = serde_json::to_string(&Record::Started { step: "download".into(), before }).unwrap() + "\n";
        let receipt = sandbox.state().join("nixstart/receipts").join(format!("{}.jsonl", sandbox.receipts()[0]));
        fs::OpenOptions::new().append(true).open(receipt).unwrap().write_all(line.as_bytes()).unwrap();
        if goes_on {
            run(&mut resume(&sandbox, &server), "").expect(0);
            assert_eq!(fs::read(&path).unwrap(), script());
            let asked: &[&str] = if check == 0 { &[] } else { &["/install", "/sums"] };
            assert_eq!(server.asked(), asked, "what is pinned is there already");
        }
        sandbox.run(&["undo", "--yes"]).expect(0);
        assert!(!directory.exists(), "{check} {goes_on}: {:?}", sandbox.files().keys());
    }
}

#[test]
fn a_server_that_is_not_believed_is_an_error_with_a_way_out() {
    for (identity, message, hint) in [
        (Identity::Expired, "has expired", "check the clock of this machine with `date`"),
        (Identity::SelfSigned, "is signed by nobody that this machine trusts", "in `NIX_SSL_CERT_FILE`"),
    ] {
        let (server, sandbox) = (Server::start(identity), Sandbox::new());
        begun(&sandbox, &server, checks(&server)[0].clone());
        run(&mut resume(&sandbox, &server), "").expect(8).says(message).says(hint);
        assert!(sandbox.files().is_empty());
    }
}

#[test]
fn a_proxy_is_used_and_is_not_believed() {
    let (server, sandbox) = (Server::start(Identity::OtherName), Sandbox::new());
    server.answers("/install", &[Answer::Whole(script())]);
    let (proxy, asked) = proxy_to(&server);
    let path = begun_from(&sandbox, "https://other.example/install".to_owned(), checks(&server)[0].clone());
    run(resume(&sandbox, &server).env("https_proxy", &proxy), "").expect(0);
    assert_eq!(fs::read(&path).unwrap(), script());
    assert_eq!(asked.recv().unwrap(), "CONNECT other.example:443 HTTP/1.1");

    let sandbox = Sandbox::new();
    begun_from(&sandbox, "https://another.example/install".to_owned(), checks(&server)[0].clone());
    run(resume(&sandbox, &server).env_remove("https_proxy").env("ALL_PROXY", &proxy), "").expect(8).says("is for another name");
    assert!(sandbox.files().is_empty());
}

#[test]
fn the_plan_says_what_is_checked() {
    let server = secure(&[Answer::Whole(script())]);
    let pinned = format!("pinned: SHA-256 {}", digest(&script()));
    let published = format!("unpinned: checked against the publisher's own digest, {}", server.url("/sums"));
    for (check, line) in checks(&server).into_iter().zip([pinned, published]) {
        let sandbox = Sandbox::new();
        let path = begun(&sandbox, &server, check);
        let shown = run(resume(&sandbox, &server).arg("--dry-run"), "").expect(0);
        shown.says(&server.url("/install")).says(&format!("to {path}, 10 MB at most")).says(&line);
        let json = run(resume(&sandbox, &server).args(["--dry-run", "--json"]), "").expect(0).stdout;
        let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
        let step = &plan.pointer("/plan/steps/0").or_else(|| plan.pointer("/steps/0")).unwrap();
        assert_eq!((&step["action"], &step["details"]["most_bytes"]), (&"download".into(), &10_000_000.into()));
    }
    assert_eq!(server.asked(), Vec::<String>::new());
}

/// A table of installers, as `assets/update-installers` reads it.
fn table(server: &Server, sha256: &str) -> String {
    let row = |name: &str, sha256: &str| {
        format!(
            "[[installer]]\nkind = \"script\"\nversion = \"2.35.2\"\nsystem = \"any\"\nurl = \"{}\"\nsha256_url = \"{}\"\nsha256 = \"{sha256}\"\nsize = 0\n",
            server.url(&format!("/{name}")),
            server.url("/sums"),
        )
    };
    let latest = "[[latest]]\nkind = \"script\"\nsystem = \"any\"\nurl = \"https://example.invalid/install\"\n";
    format!("# Kept.\n\n{}\n# Kept too.\n{}\n{latest}", row("install", sha256), row("other", ""))
}

#[test]
fn a_maintainer_fills_the_table_in_only_when_everybody_agrees() {
    if !tools::have("a_maintainer_fills_the_table_in_only_when_everybody_agrees", &["curl"]) {
        return;
    }
    let other = b"\x7fELF other".to_vec();
    let sums = |of_other: &[u8]| format!("{}  install\n{} *other\n", digest(&script()), digest(of_other)).into_bytes();
    let server = secure(&[Answer::Whole(script())]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("installers.toml");
    let update = |old: &str, other: Answer, said: Vec<u8>| {
        server.answers("/other", &[other]);
        server.answers("/sums", &[Answer::Whole(said)]);
        fs::write(&file, old).unwrap();
        let mut command = Command::new(checkout().join("assets/update-installers"));
        command.arg(&file).env("CURL_CA_BUNDLE", server.authority()).env("no_proxy", "*");
        let run = run(&mut command, "");
        assert_eq!(files_below(folder.path()).len(), 1, "only the table stays");
        (run.code, run.stderr, fs::read_to_string(&file).unwrap())
    };
    let empty = table(&server, "");
    let (code, stderr, filled) = update(&empty, Answer::Whole(other.clone()), sums(&other));
    assert_eq!(code, 0, "{stderr}");
    let mut expected = empty.replacen("sha256 = \"\"", &format!("sha256 = \"{}\"", digest(&script())), 1);
    expected = expected.replacen("sha256 = \"\"", &format!("sha256 = \"{}\"", digest(&other)), 1);
    expected = expected.replacen("size = 0", &format!("size = {}", script().len()), 1);
    expected = expected.replacen("size = 0", &format!("size = {}", other.len()), 1);
    assert_eq!(filled, expected);
    assert_eq!(nixstart::setup::Installers::parse(&filled).unwrap().pinned[1].sha256, Some(digest(&other)));
    assert_eq!(update(&filled, Answer::Whole(other.clone()), sums(&other)).2, filled, "a second time changes nothing");

    let pinned = table(&server, digest(b"another").as_str());
    for (old, answer, said, message) in [
        (&empty, Answer::Whole(other.clone()), sums(b"another"), "says"),
        (&empty, Answer::Whole(other.clone()), b"nothing of it\n".to_vec(), "names no digest of"),
        (&empty, Answer::Status(404, &[]), sums(&other), "cannot fetch"),
        (&empty, Answer::Short(other.clone()), sums(&other), "cannot fetch"),
        (&empty, Answer::Page, sums(&other), "is no program"),
        (&empty, Answer::Redirect("http://127.0.0.1:9/".into()), sums(&other), "cannot fetch"),
        (&pinned, Answer::Whole(other.clone()), sums(&other), "but the table says"),
    ] {
        let (code, stderr, left) = update(old, answer, said);
        assert_eq!((code, &left), (1, old), "{message}: {stderr}");
        assert!(stderr.contains(message), "{message}: {stderr}");
    }
}

/// Runs the stand-in below a root of its own and returns its exit code; `None` when it was killed.
fn stand_in(root: &Path, arguments: &[&str], fault: &str) -> Option<i32> {
    let mut command = Command::new(checkout().join("tests/fixtures/setup/stand-in-installer"));
    command.args(arguments).env("STAND_IN_ROOT", root).env("STAND_IN_FAULT", fault);
    command.stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
}

#[test]
fn the_stand_in_is_an_installer_that_can_fail() {
    let nix = "nix/var/nix/profiles/default/bin/nix";
    for (fault, code, has_nix, has_receipt) in [
        ("none", Some(0), true, true),
        ("nothing", Some(0), false, false),
        ("midway", Some(1), false, true),
        ("partial-receipt", Some(0), false, true),
        ("kill", None, false, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(stand_in(root, &["install", "linux", "--no-confirm", "--extra-conf", "a = b"], fault), code, "{fault}");
        let found = (root.join(nix).exists(), root.join("nix/receipt.json").exists());
        assert_eq!(found, (has_nix, has_receipt), "{fault}");
        if has_receipt {
            let receipt: serde_json::Value = serde_json::from_slice(&fs::read(root.join("nix/receipt.json")).unwrap()).unwrap();
            assert!(receipt["version"].is_string() && receipt["actions"].is_array() && receipt["planner"].is_object());
            assert_eq!(stand_in(root, &["uninstall", "--no-confirm"], "none"), Some(0), "{fault}");
            assert!(files_below(root).is_empty(), "{fault}: {:?}", files_below(root).keys());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stand_in(folder.path(), &["install"], "none"), Some(0), "nobody answers, and it is content");
    assert!(files_below(folder.path()).is_empty());
    assert_eq!(stand_in(folder.path(), &["--daemon", "--yes"], "none"), Some(0), "it is the script of nixos.org too");
    let version = Command::new(folder.path().join(nix)).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&version.stdout), "nix (Nix) 2.35.2\n");
}

/// A run that has begun and will write a file and then start the stand-in, which belongs to the machine below its root.
fn begun_installation(sandbox: &Sandbox) {
    let root = Utf8PathBuf::from_path_buf(sandbox.work()).unwrap();
    let step = |id: &str, action: Action, undo: Undo| Step {
        id: id.into(),
        title: format!("Do {id}"),
        explanation: "It is wanted.".into(),
        privilege: Privilege::User,
        action,
        undo,
        is_satisfied: false,
        proof: None,
    };
    let edit = nixstart::line_edit::LineEdit::Add { lines: vec!["ours".into()] };
    let installer = Action::Run {
        directory: root.clone(),
        program: checkout().join("tests/fixtures/setup/stand-in-installer").to_str().unwrap().to_owned(),
        arguments: vec!["install".into(), "--no-confirm".into()],
        produces: vec![],
        takes_back: vec![],
        settles: vec![],
    };
    let steps = vec![
        step("edit", Action::EditFile { path: root.join("file"), edit }, Undo::Restore),
        step("install", installer, Undo::Manual { instruction: "uninstall it".into() }),
    ];
    remember(sandbox, root, steps);
}

/// The processes whose environment names a directory, as those do that the stand-in leaves.
fn processes_of(root: &str) -> Vec<String> {
    let wanted = format!("STAND_IN_ROOT={root}\0");
    let is_of = |path: &Path| fs::read(path.join("environ")).is_ok_and(|text| String::from_utf8_lossy(&text).contains(&wanted));
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| is_of(path)).map(|path| path.display().to_string()).collect()
}

#[test]
fn an_installer_that_hangs_can_be_interrupted_and_what_came_before_it_taken_back() {
    for signal in ["INT", "TERM"] {
        let sandbox = Sandbox::new();
        sandbox.write("file", "mine");
        begun_installation(&sandbox);
        let root = sandbox.home().join("machine").to_str().unwrap().to_owned();
        let command = |fault: &str| {
            let mut command = sandbox.command();
            command.args(["doctor", "--fix", "--resume"]).env("STAND_IN_ROOT", &root).env("STAND_IN_FAULT", fault);
            command.env("PATH", "/usr/bin:/bin");
            command
        };
        let mut child = command("hang").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("INFO Step: Create directory")), "it never came that far");
        assert_ne!(processes_of(&root), [""; 0], "{signal}");
        assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
        let said: String = lines.collect::<Vec<_>>().join("\n");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}: {said}");
        assert_eq!(processes_of(&root), [""; 0], "{signal}");
        assert_eq!(sandbox.read("file"), "mine\nours\n");

        // It goes on where it was cut short, or it is taken back.
        if signal == "INT" {
            run(&mut command("none"), "").expect(0);
            assert!(Path::new(&root).join("nix/receipt.json").exists());
        }
        sandbox.run(&["undo", "--yes"]).says("uninstall it");
        assert_eq!(sandbox.read("file"), "mine");
    }
}
