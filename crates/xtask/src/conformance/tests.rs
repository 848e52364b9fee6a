//! A stand-in for a suite: it looks at what it was told, logs in, and ends as the test says.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// Writes what it was told and what it was answered beside itself, and a report.
const STAND_IN: &str = r#"#!/bin/bash
set -eu
here=$(dirname "$0")
env | grep '^OCI_' | sort > "$here/environment"
ask() {
    exec 3<> "/dev/tcp/${OCI_REGISTRY%:*}/${OCI_REGISTRY#*:}"
    printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: 0\r\n%s\r\n' "$1" "$2" "$OCI_REGISTRY" "$3" >&3
    cat <&3
    exec 3>&-
}
status() { ask "$@" | head -n 1 | cut -d ' ' -f 2 >> "$here/answers"; }
basic=$(printf '%s:%s' "$OCI_USERNAME" "$OCI_PASSWORD" | base64 -w 0)
scope="repository:$OCI_REPO1:pull,push,delete%20repository:$OCI_REPO2:pull,push,delete"
token=$(ask GET "/token?service=pullgate&scope=$scope" "Authorization: Basic $basic"$'\r\n' | grep -o '"token":"[^"]*"' | cut -d '"' -f 4)
bearer="Authorization: Bearer $token"$'\r\n'
digest=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
status GET /v2/ ''
status GET /v2/ "$bearer"
status POST "/v2/$OCI_REPO1/blobs/uploads/?digest=$digest" "$bearer"
status POST "/v2/$OCI_REPO2/blobs/uploads/?mount=$digest&from=$OCI_REPO1" "$bearer"
status DELETE "/v2/$OCI_NAMESPACE/blobs/$digest" "$bearer"
status DELETE "/v2/$OCI_CROSSMOUNT_NAMESPACE/blobs/$digest" "$bearer"
status GET /v2/elsewhere/tags/list "$bearer"
status GET /v2/elsewhere/tags/list "Authorization: Basic $basic"$'\r\n'
echo '<testsuites><testsuite name="stand-in" tests="3" failures="1" errors="0" skipped="1" disabled="0">' > junit.xml
"#;

/// A script that may be run, in a folder of its own.
fn script(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("suite");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, file)
}

/// How a run of this script ends.
fn ran(text: &str) -> Result<(), Failure> {
    let (folder, file) = script(text);
    judge(&built()?.0, &file, folder.path(), LIMIT)
}

#[test]
fn a_suite_is_told_where_and_as_whom_and_its_reports_stay() {
    let (folder, file) = script(STAND_IN);
    run(file.to_str().unwrap()).unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(
        read("answers").split_whitespace().collect::<Vec<_>>(),
        ["401", "200", "201", "201", "202", "202", "401", "403"]
    );
    let environment = read("environment");
    let told = |name: &str| {
        let value = environment.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        value.unwrap_or_else(|| panic!("no {name}: {environment}"))
    };
    assert_eq!(told("OCI_ROOT_URL"), format!("http://{}", told("OCI_REGISTRY")));
    assert_eq!((told("OCI_REPO1"), told("OCI_REPO2")), (told("OCI_NAMESPACE"), told("OCI_CROSSMOUNT_NAMESPACE")));
    assert_eq!((told("OCI_TLS"), told("OCI_DATA_SPARSE"), told("OCI_TEST_PUSH")), ("disabled", "true", "1"));
    let reports = Path::new(told("OCI_RESULTS_DIR"));
    assert_eq!(reports, Path::new(told("OCI_REPORT_DIR")));
    let counts = Counts::read(reports).unwrap();
    assert_eq!(counts.to_string(), "3 tests, 1 failed, 0 errors, 1 skipped, 0 disabled");
    let place = reports.parent().unwrap();
    assert!(!place.join("data").exists(), "the data is gone, the reports stay");
    fs::remove_dir_all(place).unwrap();
}

#[test]
fn a_suite_that_fails_fails_the_command_in_the_same_way() {
    let failure = ran("#!/bin/sh\nexit 7\n").unwrap_err();
    assert_eq!(failure.exit_code(), 7, "{failure}");
}

#[test]
fn a_suite_that_shows_nothing_is_no_success() {
    let nothing = "<testsuites><testsuite tests=\"0\"></testsuite></testsuites>";
    for report in ["true".to_owned(), format!("echo '{nothing}' > junit.xml")] {
        let failure = ran(&format!("#!/bin/sh\n{report}\n")).unwrap_err();
        assert!(matches!(failure, Failure::NoTest { .. }), "{report}: {failure}");
    }
}

#[test]
fn a_suite_that_does_not_end_is_ended() {
    let (_folder, file) = script("#!/bin/sh\nexec sleep 600\n");
    let failure = wait(&mut Command::new(&file), &file, Duration::ZERO).unwrap_err();
    assert!(matches!(failure, Failure::TooLong { .. }), "{failure}");
    assert_eq!(failure.exit_code(), 2);
}

#[test]
fn a_server_that_does_not_start_is_told_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let (_script, suite) = script(STAND_IN);
    let failure = judge(Path::new("/bin/false"), &suite, folder.path(), LIMIT).unwrap_err();
    assert!(failure.to_string().ends_with("server.log`"), "{failure}");
}

#[test]
fn a_suite_that_is_not_there_is_told() {
    assert!(matches!(run("no/such/suite").unwrap_err(), Failure::Unreadable { .. }));
}
