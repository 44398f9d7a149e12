//! `cargo xtask interop`: others' tools read the contract, generate clients from it, and set
//! passwords with them on the emulator. What they need is installed under `target/interop`, as the
//! lock files say. Python and Node have to be there; no test of the workspace needs either.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::changes;

use Tool::{Local, Locked};
use Work::{Check, Commands, Emulated, Lint, Outcomes, Program, Rules};

/// What is run, in this order. A row whose need is missing is not run, and the others are.
const ROWS: &[Row] = &[
    Row {
        name: "house rules",
        tools: &[],
        needs: &[],
        work: Check(|root| crate::lint::lint(root).map(|()| Vec::new())),
    },
    Row {
        name: "breaking changes",
        tools: &[],
        needs: &[],
        work: Check(crate::release::check),
    },
    Row {
        name: "lint: install",
        tools: &[Locked("@redocly/cli"), Locked("@stoplight/spectral-cli")],
        needs: &[&NODE],
        work: Lint("npm ci --loglevel=error"),
    },
    Row {
        name: "lint: redocly, recommended-strict",
        tools: &[Locked("@redocly/cli")],
        needs: &[&NODE],
        work: Lint(
            "npx redocly lint --config redocly.yaml ../openapi/*.yaml ../openapi/*.arazzo.json",
        ),
    },
    Row {
        name: "lint: spectral, spectral:oas",
        tools: &[Locked("@stoplight/spectral-cli")],
        needs: &[&NODE],
        work: Lint(
            "npx spectral lint --fail-severity hint --ruleset spectral.yaml ../openapi/*.yaml \
            ../openapi/*.default.json ../openapi/*.3.1.json",
        ),
    },
    Row {
        name: "lint: openapi-spec-validator",
        tools: &[Locked("openapi-spec-validator")],
        needs: &[&PYTHON],
        work: Lint(
            "python3 -m venv .venv
            .venv/bin/pip install --quiet --require-hashes --requirement requirements.txt
            .venv/bin/openapi-spec-validator ../openapi/*.yaml ../openapi/*.default.json \
            ../openapi/*.3.1.json",
        ),
    },
    Row {
        name: "workflows: redocly respect",
        tools: &[Locked("@redocly/cli")],
        needs: &[&NODE],
        work: Emulated("node workflows.mjs"),
    },
    Row {
        name: "python: install",
        tools: &[],
        needs: &[&PYTHON],
        work: Commands("python", "Install"),
    },
    Row {
        name: "python: password rules",
        tools: &[Locked("mypy")],
        needs: &[&PYTHON],
        work: Rules("python", "The password rules"),
    },
    Row {
        name: "python: outcomes",
        tools: &[Locked("mypy")],
        needs: &[&PYTHON],
        work: Outcomes("python"),
    },
    Row {
        name: "python: openapi-generator",
        tools: &[Locked("openapi-generator-cli"), Locked("mypy")],
        needs: &[&PYTHON],
        work: Program("python", "openapi-generator"),
    },
    Row {
        name: "python: openapi-python-client",
        tools: &[Locked("openapi-python-client"), Locked("mypy")],
        needs: &[&PYTHON],
        work: Program("python", "openapi-python-client"),
    },
    Row {
        name: "typescript: install",
        tools: &[],
        needs: &[&NODE],
        work: Commands("typescript", "Install"),
    },
    Row {
        name: "typescript: password rules",
        tools: &[Locked("typescript")],
        needs: &[&NODE],
        work: Rules("typescript", "The password rules"),
    },
    Row {
        name: "typescript: outcomes",
        tools: &[Locked("typescript")],
        needs: &[&NODE],
        work: Outcomes("typescript"),
    },
    Row {
        name: "typescript: openapi-typescript",
        tools: &[
            Locked("openapi-typescript"),
            Locked("openapi-fetch"),
            Locked("typescript"),
        ],
        needs: &[&NODE],
        work: Program("typescript", "openapi-typescript"),
    },
    Row {
        name: "typescript: openapi-generator",
        tools: &[Locked("openapi-generator-cli"), Locked("typescript")],
        needs: &[&NODE, &PYTHON],
        work: Program("typescript", "openapi-generator"),
    },
    Row {
        name: "java: install",
        tools: &[],
        needs: &[&PYTHON],
        work: Commands("java", "Install"),
    },
    Row {
        name: "java: outcomes",
        tools: &[Local("javac --version")],
        needs: &[&PYTHON, &JDK],
        work: Outcomes("java"),
    },
    Row {
        name: "java: generate",
        tools: &[Locked("openapi-generator-cli")],
        needs: &[&PYTHON],
        work: Commands("java", "Generate"),
    },
    Row {
        name: "java: compile and run",
        tools: &[Local("javac --version")],
        needs: &[&PYTHON, &JDK],
        work: Program("java", "Compile and run"),
    },
    Row {
        name: "go: install",
        tools: &[],
        needs: &[&PYTHON],
        work: Commands("go", "Install"),
    },
    Row {
        name: "go: generate",
        tools: &[Locked("openapi-generator-cli")],
        needs: &[&PYTHON],
        work: Commands("go", "Generate"),
    },
    Row {
        name: "go: outcomes",
        tools: &[Local("go env GOVERSION")],
        needs: &[&PYTHON, &GO],
        work: Outcomes("go"),
    },
    Row {
        name: "go: compile and run",
        tools: &[Local("go env GOVERSION")],
        needs: &[&PYTHON, &GO],
        work: Program("go", "Compile and run"),
    },
];

static PYTHON: Need = Need {
    name: "Python 3.11 or newer, with venv",
    usable: "python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'",
    get: "on Debian 12 and Ubuntu 24.04, or newer: apt-get install python3-venv; elsewhere: \
          https://www.python.org/downloads/",
    skip: false,
};
static NODE: Need = Need {
    name: "Node 20.19 or newer, with npm",
    usable: "npm --version && node -e 'const [major, minor] = process.versions.node.split(\".\"); \
             process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'",
    get: "on Debian 13 or newer: apt-get install npm; elsewhere: https://nodejs.org/en/download",
    skip: false,
};
static JDK: Need = Need {
    name: "JDK 17 or newer",
    usable: "javac --release 17 --version && java --version",
    get: "on Debian and Ubuntu: apt-get install default-jdk-headless; elsewhere: \
          https://adoptium.net/",
    skip: true,
};
static GO: Need = Need {
    name: "Go 1.19 or newer",
    usable: "go version",
    get: "on Debian and Ubuntu: apt-get install golang-go; elsewhere: https://go.dev/dl/",
    skip: true,
};

/// Where the versions of the tools are locked.
const LOCKS: &[&str] = &[
    "openapi/examples/openapi-generator.txt",
    "openapi/examples/python/requirements.txt",
    "openapi/examples/typescript/package-lock.json",
    "xtask/interop/package-lock.json",
    "xtask/interop/requirements.txt",
];

/// The tools tell nobody that they ran, ask nobody for a newer version, and get no other one.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("DO_NOT_TRACK", "1"),
    ("GOPROXY", "off"),
    ("GOTOOLCHAIN", "local"),
    ("NPM_CONFIG_UPDATE_NOTIFIER", "false"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"),
    ("REDOCLY_TELEMETRY", "off"),
    ("SCARF_ANALYTICS", "false"),
];

/// The fleet of the emulator that programs talk to.
const FLEET: &str = "crates/repass-emulator/src/fleet.yaml";

/// Answers that editions of the vendor's pages have which are no source of the contract. Clients
/// meet them, too, and some generated ones do not take them as they come. One reset is answered with a
/// 503 after it was carried out, and has to be sent again.
const OTHER_EDITIONS: &str = "\
settings: { ddm_errors: error_code, ddm_admin_success: accepted_empty }
faults:
  - { fault: answer, when: after, service: dms, operation: resetPassword, status: 503, count: 1 }
";
const OTHER_EDITIONS_FLEET: &str = "other-editions.yaml";

/// An answer in place of each success of an operation. What the service did stays done.
#[derive(Debug, Clone, Copy)]
struct Instead {
    service: &'static str,
    operation: &'static str,
    status: u16,
    body: &'static str,
}

/// Successes that prove nothing or deny it, one for each proof of each operation, and what a program
/// has to say of it, in any case. A program that does not look would go on, and report a success.
const NO_SUCCESS: &[(Instead, &str)] = &[
    (instead("ddm", "resetUserPassword", 200, "{}"), UNKNOWN),
    (
        instead("ddm", "resetUserPassword", 200, r#"{"success":false}"#),
        "refused: other",
    ),
    (instead("ddm", "resetAdministrator", 201, "{}"), UNKNOWN),
    (instead("dcs", "resetPassword", 200, "{}"), UNKNOWN),
    (
        instead("dcs", "resetPassword", 200, r#"{"code":"3"}"#),
        "refused: locked",
    ),
    (
        instead("dcs", "updatePassword", 200, r#"{"result":"new"}"#),
        UNKNOWN,
    ),
    (
        instead("dcs", "updatePassword", 200, r#"{"result":"locked"}"#),
        "refused: locked",
    ),
    (instead("dms", "resetPassword", 200, "{}"), UNKNOWN),
];
const UNKNOWN: &str = "it is unknown whether the password changed";

const fn instead(
    service: &'static str,
    operation: &'static str,
    status: u16,
    body: &'static str,
) -> Instead {
    Instead {
        service,
        operation,
        status,
        body,
    }
}

impl Instead {
    /// The fault of the emulator that gives this answer, as a part of a fleet.
    fn fault(&self) -> String {
        let fault = serde_json::json!({
            "fault": "answer",
            "when": "after",
            "service": self.service,
            "operation": self.operation,
            "status": self.status,
            "body": self.body,
        });
        format!("faults: [{fault}]\n")
    }
}

/// The section of an example's README that decides what answers prove.
const OUTCOMES: &str = "What an answer proves";
/// The tree with a contract that has other words.
const CHANGED: &str = "changed";

/// The result of a row that has no more to tell.
const OK: &str = "ok";

struct Row {
    name: &'static str,
    tools: &'static [Tool],
    needs: &'static [&'static Need],
    work: Work,
}

/// A tool whose version is told.
enum Tool {
    /// One that a lock file names.
    Locked(&'static str),
    /// One of this machine, and the command that tells its version.
    Local(&'static str),
}

enum Work {
    /// Done right here, for the root of the project; gives what is to be told.
    Check(fn(&Path) -> anyhow::Result<Vec<String>>),
    /// Commands, run in a copy of `xtask/interop` with a copy of `openapi` beside it.
    Lint(&'static str),
    /// The same, beside an emulator, and the last line that they print is the result.
    Emulated(&'static str),
    /// The commands of a section of an example's README, run in a copy of its folder.
    Commands(&'static str, &'static str),
    /// The same, and the last line that they print is the result.
    Rules(&'static str, &'static str),
    /// The same for [`OUTCOMES`] of an example's README. The last block checks the example against
    /// `outcome-vectors.json`. With a contract that has other words, exactly the vectors about these
    /// have to fail.
    Outcomes(&'static str),
    /// The same, and the last block of them runs a program that sets passwords. It is run with an
    /// emulator as it is, with one that answers as other editions have it, and with each of
    /// [`NO_SUCCESS`].
    Program(&'static str, &'static str),
}

/// What has to be on the machine.
#[derive(PartialEq)]
struct Need {
    name: &'static str,
    /// A command that fails if it is missing or too old.
    usable: &'static str,
    /// How to get it.
    get: &'static str,
    /// Whether a row does without what needs it, or fails.
    skip: bool,
}

/// What came of a row.
struct Done {
    name: &'static str,
    versions: String,
    outcome: Outcome,
    time: Duration,
}

enum Outcome {
    Passed(String),
    Failed(anyhow::Error),
    Missing(&'static Need),
}

/// Runs all rows, tells each as it is done, and gives the table with its notes; as an error if a row
/// failed.
pub fn run(root: &Path, mut tell: impl FnMut(String)) -> anyhow::Result<String> {
    let place = Place::prepare(root)?;
    let mut all = Vec::new();
    for row in ROWS {
        let start = Instant::now();
        let outcome = match row.needs.iter().find(|need| !usable(need)) {
            Some(need) => Outcome::Missing(need),
            None => match place.run(row, &mut tell) {
                Ok(told) => Outcome::Passed(told),
                Err(error) => Outcome::Failed(error),
            },
        };
        let versions = match &outcome {
            Outcome::Missing(_) => String::new(),
            Outcome::Passed(_) | Outcome::Failed(_) => versions(root, row.tools)?,
        };
        let time = start.elapsed();
        let done = Done {
            name: row.name,
            versions,
            outcome,
            time,
        };
        tell(format!(
            "{}: {} ({:.1} s)",
            done.name,
            done.result(),
            time.as_secs_f64()
        ));
        all.push(done);
    }
    let told = format!("{}{}", table(&all), notes(&all));
    ensure!(!all.iter().any(Done::failed), "{told}");
    Ok(told)
}

/// Where the rows are run.
struct Place {
    root: PathBuf,
    /// `target/interop`.
    folder: PathBuf,
    /// The program `repass`.
    repass: PathBuf,
}

impl Place {
    /// Copies the files afresh, so that each run is one on a clean clone, and builds `repass`.
    fn prepare(root: &Path) -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--bin", "repass"])
            .current_dir(root)
            .status()
            .context("run cargo")?;
        ensure!(
            built.success(),
            "repass does not build; it has to, to emulate the services"
        );
        let target = crate::dist::target(root)?;
        let folder = target.join("interop");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        // What somebody who followed a README by hand has left is not copied.
        let ignored = fs::read_to_string(root.join("openapi/examples/.gitignore"))
            .context("read openapi/examples/.gitignore")?;
        let ignored: Vec<&str> = ignored
            .lines()
            .map(|line| line.trim_end_matches('/'))
            .collect();
        copy(&root.join("openapi"), &folder.join("openapi"), &ignored)?;
        copy(&root.join("xtask/interop"), &folder.join("lint"), &ignored)?;
        for (path, content) in crate::dist::derived(&crate::spec::load(root)?)? {
            fs::write(folder.join(&path), content).with_context(|| format!("write {path}"))?;
        }
        let changed = folder.join(CHANGED);
        changes::copy(root, &changed, &changes::CHANGES)?;
        for (path, content) in crate::dist::derived(&crate::spec::load(&changed)?)? {
            fs::write(changed.join(&path), content).with_context(|| format!("write {path}"))?;
        }
        fs::create_dir_all(folder.join("logs"))?;
        write_fleet(root, OTHER_EDITIONS, &folder.join(OTHER_EDITIONS_FLEET))?;
        Ok(Self {
            root: root.to_owned(),
            folder,
            repass: target
                .join("debug/repass")
                .with_extension(std::env::consts::EXE_EXTENSION),
        })
    }

    /// Does a row's work, and gives what it told last.
    fn run(&self, row: &Row, tell: &mut impl FnMut(String)) -> anyhow::Result<String> {
        let name = row
            .name
            .replace(|char: char| !char.is_ascii_alphanumeric(), "-");
        let log = self.folder.join("logs").join(name + ".log");
        let example = |language: &str, section: &str| {
            let folder = self.folder.join("openapi/examples").join(language);
            let readme = fs::read_to_string(folder.join("README.md"))
                .with_context(|| format!("read the README of {language}"))?;
            anyhow::Ok((folder, blocks(&readme, section)?))
        };
        match row.work {
            Check(check) => {
                let notes = check(&self.root)?;
                let count = notes.len();
                notes.into_iter().for_each(tell);
                Ok(match count {
                    0 => OK.to_owned(),
                    _ => format!("{OK}, notes: {count}"),
                })
            }
            Lint(script) => {
                execute(script, &self.folder.join("lint"), None, &log)?;
                Ok(OK.to_owned())
            }
            Emulated(script) => {
                let emulator = Emulator::start(&self.repass, None)?;
                execute(script, &self.folder.join("lint"), Some(&emulator.url), &log)
            }
            Commands(language, section) => {
                let (folder, blocks) = example(language, section)?;
                for block in &blocks {
                    execute(block, &folder, None, &log)?;
                }
                Ok(OK.to_owned())
            }
            Rules(language, section) => {
                let (folder, blocks) = example(language, section)?;
                execute(&blocks.concat(), &folder, None, &log)
            }
            Outcomes(language) => {
                let (folder, blocks) = example(language, OUTCOMES)?;
                let (check, before) = blocks
                    .split_last()
                    .with_context(|| format!("the section {OUTCOMES} has no commands"))?;
                for block in before {
                    execute(block, &folder, None, &log)?;
                }
                let told = execute(check, &folder, None, &log)?;
                let vectors = fs::read(self.root.join("openapi/outcome-vectors.json"))?;
                let expected = changes::wrong_vectors(&serde_json::from_slice(&vectors)?)?;
                let changed = format!("export REPASS_CONTRACT=../../../{CHANGED}/openapi\n{check}");
                let (status, printed) = attempt(&changed, &folder, None, &log)?;
                let wrong: BTreeSet<String> = printed
                    .lines()
                    .filter(|line| line.starts_with("wrong: "))
                    .map(str::to_owned)
                    .collect();
                ensure!(
                    !status.success() && wrong == expected,
                    "with a changed contract it ends with {status}; it does not find wrong what it \
                     should: {:#?}; it finds wrong what it should not: {:#?}",
                    expected.difference(&wrong),
                    wrong.difference(&expected)
                );
                Ok(format!(
                    "{told}; {} follow a changed contract",
                    expected.len()
                ))
            }
            Program(language, section) => {
                let (folder, blocks) = example(language, section)?;
                let (program, before) = blocks
                    .split_last()
                    .with_context(|| format!("the section {section} has no commands"))?;
                for block in before {
                    execute(block, &folder, None, &log)?;
                }
                let run = |fleet: Option<&Path>| {
                    let emulator = Emulator::start(&self.repass, fleet)?;
                    execute(program, &folder, Some(&emulator.url), &log)
                };
                let told = run(None)?;
                let told_again = run(Some(&self.folder.join(OTHER_EDITIONS_FLEET)))
                    .context("with answers of other editions of the vendor's pages")?;
                ensure!(
                    told == told_again,
                    "with answers of other editions of the vendor's pages it tells: {told_again}"
                );
                for &(instead, said) in NO_SUCCESS {
                    let fleet = log.with_extension("yaml");
                    write_fleet(&self.root, &instead.fault(), &fleet)?;
                    let emulator = Emulator::start(&self.repass, Some(&fleet))?;
                    // With a slash at its end, as people write it, too.
                    let url = format!("{}/", emulator.url);
                    let (status, printed) = attempt(program, &folder, Some(&url), &log)?;
                    ensure!(
                        !status.success() && printed.to_lowercase().contains(said),
                        "with {} and {} for {} it has to fail and say: {said}; it ends with \
                         {status}, and these are its last lines:\n{}",
                        instead.status,
                        instead.body,
                        instead.operation,
                        tail(&printed)
                    );
                }
                Ok(told)
            }
        }
    }
}

/// Writes the fleet with something before it.
fn write_fleet(root: &Path, head: &str, file: &Path) -> anyhow::Result<()> {
    let fleet = fs::read_to_string(root.join(FLEET)).with_context(|| format!("read {FLEET}"))?;
    fs::write(file, format!("{head}{fleet}")).with_context(|| format!("write {}", file.display()))
}

/// An emulator on a port of its own, until it is dropped.
struct Emulator {
    process: Child,
    url: String,
}

impl Emulator {
    fn start(repass: &Path, fleet: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new(repass);
        command.args(["emulate", "--listen", "127.0.0.1:0", "--output", "json"]);
        if let Some(fleet) = fleet {
            command.arg("--fleet").arg(fleet);
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("run {}", repass.display()))?;
        let mut emulator = Self {
            process,
            url: String::new(),
        };
        let mut line = String::new();
        if let Some(stdout) = emulator.process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let told: Value = serde_json::from_str(&line).context("the emulator did not start")?;
        told.get("url")
            .and_then(Value::as_str)
            .context("the emulator does not tell its url")?
            .clone_into(&mut emulator.url);
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The blocks of commands of a section of a README.
fn blocks(readme: &str, section: &str) -> anyhow::Result<Vec<String>> {
    let heading = format!("## {section}");
    let mut lines = readme.lines();
    ensure!(
        lines.any(|line| line == heading),
        "the README has no section {section}"
    );
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in lines.take_while(|line| !line.starts_with("## ")) {
        match (line, block.take()) {
            ("```sh", None) => block = Some(String::new()),
            ("```", Some(commands)) => blocks.push(commands),
            (line, Some(commands)) => block = Some(format!("{commands}{line}\n")),
            (_, None) => {}
        }
    }
    ensure!(
        !blocks.is_empty(),
        "the section {section} of the README has no commands"
    );
    Ok(blocks)
}

/// Runs commands as a shell does that stops at the first failure; gives the last line that they
/// print.
fn execute(script: &str, folder: &Path, url: Option<&str>, log: &Path) -> anyhow::Result<String> {
    let (status, printed) = attempt(script, folder, url, log)?;
    ensure!(
        status.success(),
        "{status}; the whole log is {}, and these are its last lines:\n{}",
        log.display(),
        tail(&printed)
    );
    Ok(printed.lines().last().unwrap_or_default().trim().to_owned())
}

/// The same, and gives what it adds to the log: the commands and all that they print.
fn attempt(
    script: &str,
    folder: &Path,
    url: Option<&str>,
    log: &Path,
) -> anyhow::Result<(ExitStatus, String)> {
    let mut output = File::options().create(true).append(true).open(log)?;
    let start = output.metadata()?.len();
    writeln!(output, "$ {}", script.trim_end())?;
    let mut shell = shell(script);
    shell
        .current_dir(folder)
        .stdout(output.try_clone()?)
        .stderr(output);
    if let Some(url) = url {
        shell.env("REPASS_URL", url);
    }
    let status = shell.status().context("run sh")?;
    let mut printed = Vec::new();
    let mut log = File::open(log)?;
    log.seek(SeekFrom::Start(start))?;
    log.read_to_end(&mut printed)?;
    Ok((status, String::from_utf8_lossy(&printed).into_owned()))
}

fn shell(script: &str) -> Command {
    // What is on this machine needs no proxy. Some tools read one of the two names, some the other.
    let no_proxy = ["no_proxy", "NO_PROXY"].map(|name| std::env::var(name).unwrap_or_default());
    let no_proxy = format!("{},127.0.0.1", no_proxy.join(","));
    let mut shell = Command::new("sh");
    shell
        .args(["-eu", "-c", script])
        .envs(ENVIRONMENT.iter().copied())
        .env("NO_PROXY", &no_proxy)
        .env("no_proxy", &no_proxy)
        .stdin(Stdio::null());
    shell
}

fn usable(need: &Need) -> bool {
    shell(need.usable)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The last lines of a log, indented.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let start = lines.len().saturating_sub(20);
    let last = lines.get(start..).unwrap_or_default();
    last.iter().map(|line| format!("  {line}\n")).collect()
}

/// The versions of tools, in words.
fn versions(root: &Path, tools: &[Tool]) -> anyhow::Result<String> {
    let versions: Result<Vec<String>, anyhow::Error> = tools
        .iter()
        .map(|tool| match tool {
            Locked(name) => Ok(format!("{name} {}", locked_version(root, name)?)),
            Local(command) => {
                let told = shell(command).output().context("run sh")?.stdout;
                Ok(String::from_utf8_lossy(&told).trim().to_owned())
            }
        })
        .collect();
    Ok(versions?.join(", "))
}

/// The version of a tool that the first lock file that has it has.
fn locked_version(root: &Path, tool: &str) -> anyhow::Result<String> {
    for lock in LOCKS {
        let text = fs::read_to_string(root.join(lock)).with_context(|| format!("read {lock}"))?;
        let version = if lock.ends_with(".json") {
            let lock: Value =
                serde_json::from_str(&text).with_context(|| format!("read {lock}"))?;
            lock.pointer("/packages")
                .and_then(|packages| packages.get(format!("node_modules/{tool}")))
                .and_then(|package| package.get("version"))
                .and_then(Value::as_str)
                .map(ToOwned::to_owned)
        } else {
            let pinned = format!("{tool}==");
            text.lines()
                .find_map(|line| line.strip_prefix(&pinned))
                .and_then(|rest| rest.split_whitespace().next())
                .map(ToOwned::to_owned)
        };
        if let Some(version) = version {
            return Ok(version);
        }
    }
    bail!("no lock file has {tool}")
}

impl Done {
    fn failed(&self) -> bool {
        match &self.outcome {
            Outcome::Passed(_) => false,
            Outcome::Failed(_) => true,
            Outcome::Missing(need) => !need.skip,
        }
    }

    fn result(&self) -> String {
        match &self.outcome {
            Outcome::Passed(told) => told.clone(),
            Outcome::Failed(_) => "FAILED".to_owned(),
            Outcome::Missing(need) if need.skip => format!("skipped: no {}", need.name),
            Outcome::Missing(need) => format!("FAILED: no {}", need.name),
        }
    }
}

/// What came of all rows, as a table in Markdown.
fn table(all: &[Done]) -> String {
    let heads = ["what", "tools", "result", "seconds"].map(str::to_owned);
    let rows = all.iter().map(|done| {
        let seconds = format!("{:.1}", done.time.as_secs_f64());
        [
            done.name.to_owned(),
            done.versions.clone(),
            done.result(),
            seconds,
        ]
    });
    let time: Duration = all.iter().map(|done| done.time).sum();
    let total = ["all", "", "", &format!("{:.1}", time.as_secs_f64())].map(str::to_owned);
    let rows: Vec<[String; 4]> = std::iter::once(heads).chain(rows).chain([total]).collect();
    let mut widths = [0; 4];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(table, "| {cell:width$} ");
        }
        table.push_str("|\n");
        if index == 0 {
            table.push_str(&widths.map(|width| format!("| {:-<width$} ", "")).concat());
            table.push_str("|\n");
        }
    }
    table
}

/// What failed and why, and what is missing and how to get it, each once.
fn notes(all: &[Done]) -> String {
    let mut notes = String::new();
    let mut missing: Vec<&Need> = Vec::new();
    for done in all {
        match &done.outcome {
            Outcome::Passed(_) => {}
            Outcome::Failed(error) => {
                let _ = write!(notes, "\n{}: {error:#}\n", done.name);
            }
            Outcome::Missing(need) if missing.contains(need) => {}
            Outcome::Missing(need) => missing.push(need),
        }
    }
    for need in missing {
        let _ = write!(
            notes,
            "\n{} is missing; to get it, {}\n",
            need.name, need.get
        );
    }
    notes
}

/// Copies a folder, but for entries of the ignored names.
fn copy(from: &Path, to: &Path, ignored: &[&str]) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if ignored.iter().any(|ignored| name == *ignored) {
            continue;
        }
        let to = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to, ignored)?;
        } else {
            fs::copy(entry.path(), &to).with_context(|| format!("write {}", to.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn a_section_has_its_own_blocks_of_commands() {
        let readme = "# T\n\n```sh\nnone\n```\n\n## One\n\n```sh\na \\\n  b\n```\nText.\n```json\n{}\n```\n\n\
                      ```sh\nc\n```\n\n## One more\n\n```sh\nd\n```\n\n## Empty\n";
        let commands = |section| blocks(readme, section).map_err(|error| error.to_string());
        assert_eq!(
            commands("One"),
            Ok(vec!["a \\\n  b\n".to_owned(), "c\n".to_owned()])
        );
        assert_eq!(commands("One more"), Ok(vec!["d\n".to_owned()]));
        assert_eq!(
            commands("Empty"),
            Err("the section Empty of the README has no commands".to_owned())
        );
        assert_eq!(
            commands("Two"),
            Err("the README has no section Two".to_owned())
        );
    }

    /// A command that a README tells and no row runs would be one that nobody tries.
    #[test]
    fn each_section_with_commands_is_a_row() {
        let mut told = BTreeSet::new();
        for entry in fs::read_dir(root().join("openapi/examples")).unwrap() {
            let entry = entry.unwrap();
            let Ok(readme) = fs::read_to_string(entry.path().join("README.md")) else {
                continue;
            };
            let language = entry.file_name().into_string().unwrap();
            for section in readme.lines().filter_map(|line| line.strip_prefix("## ")) {
                if blocks(&readme, section).is_ok() {
                    told.insert((language.clone(), section.to_owned()));
                }
            }
        }
        let run: BTreeSet<(String, String)> = ROWS
            .iter()
            .filter_map(|row| match row.work {
                Commands(language, section)
                | Rules(language, section)
                | Program(language, section) => Some((language.to_owned(), section.to_owned())),
                Outcomes(language) => Some((language.to_owned(), OUTCOMES.to_owned())),
                Check(_) | Lint(_) | Emulated(_) => None,
            })
            .collect();
        assert_eq!(told, run);
        assert!(told.len() > 10);
    }

    #[test]
    fn each_tool_has_one_version() {
        let locked = ROWS.iter().flat_map(|row| row.tools);
        for tool in locked {
            if let Locked(name) = tool {
                locked_version(&root(), name).unwrap();
            }
        }
        // The one that two files pin.
        let pin = |file: &str| {
            let text = fs::read_to_string(root().join("openapi/examples").join(file)).unwrap();
            let line = text
                .lines()
                .find(|line| line.starts_with("openapi-generator-cli=="));
            line.unwrap().to_owned()
        };
        assert_eq!(pin("openapi-generator.txt"), pin("python/requirements.txt"));
        assert_eq!(
            locked_version(&root(), "no-such-tool")
                .unwrap_err()
                .to_string(),
            "no lock file has no-such-tool"
        );
    }

    /// Whoever installs from a lock file has a registry of their own.
    #[test]
    fn no_lock_file_names_a_registry() {
        for lock in LOCKS {
            let text = fs::read_to_string(root().join(lock)).unwrap();
            assert!(!text.contains("\"resolved\""), "{lock}");
            assert!(!text.contains("--index-url"), "{lock}");
        }
    }

    fn done(name: &'static str, outcome: Outcome) -> Done {
        Done {
            name,
            versions: "tool 1.0".to_owned(),
            outcome,
            time: Duration::from_millis(1240),
        }
    }

    #[test]
    fn the_table_and_its_notes() {
        let failed = anyhow::anyhow!("exit status: 1; its last lines:\n  wrong\n");
        let all = [
            done("first", Outcome::Passed("ok".to_owned())),
            done("second", Outcome::Failed(failed)),
            done("third", Outcome::Missing(&NODE)),
            done("fourth", Outcome::Missing(&NODE)),
            done("fifth", Outcome::Missing(&GO)),
        ];
        insta::assert_snapshot!(format!("{}{}", table(&all), notes(&all)));
    }

    #[test]
    fn what_is_skipped_is_no_failure() {
        assert!(!done("first", Outcome::Missing(&GO)).failed());
        assert!(!done("second", Outcome::Passed("ok".to_owned())).failed());
        assert!(done("third", Outcome::Missing(&NODE)).failed());
        assert!(done("fourth", Outcome::Failed(anyhow::anyhow!("wrong"))).failed());
    }

    #[test]
    fn a_log_ends_with_its_last_lines() {
        let log: String = (1..=30).map(|line| format!("{line}\n")).collect();
        assert_eq!(tail(&log).lines().next(), Some("  11"));
        assert_eq!(tail("one\n"), "  one\n");
        assert_eq!(tail(""), "");
    }

    #[test]
    fn commands_stop_at_the_first_failure_and_tell_their_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let execute = |script: &str, url| execute(script, folder.path(), url, &log);
        assert_eq!(
            execute(
                "echo one\necho \"$REPASS_URL\" >&2",
                Some("http://127.0.0.1:1")
            )
            .unwrap(),
            "http://127.0.0.1:1"
        );
        let error = execute("echo two\nfalse\necho three", None)
            .unwrap_err()
            .to_string();
        let error = error.replace(log.to_str().unwrap(), "LOG");
        insta::assert_snapshot!(error);
    }

    #[test]
    fn what_is_ignored_is_not_copied() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("kept/out")).unwrap();
        fs::create_dir_all(from.join("outer")).unwrap();
        for file in ["kept/a", "kept/out/b", "outer/c"] {
            fs::write(from.join(file), file).unwrap();
        }
        let to = folder.path().join("to");
        copy(&from, &to, &["out"]).unwrap();
        assert_eq!(fs::read_to_string(to.join("kept/a")).unwrap(), "kept/a");
        assert!(to.join("outer/c").exists());
        assert!(!to.join("kept/out").exists());
    }
}
