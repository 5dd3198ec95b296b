//! Container images. One of the promotion repository is what its Dockerfile makes of the commit that
//! the registry says it was built from; of any other, this machine's own programs have to do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::process::{program, run};

/// The repository whose images are built here.
const OURS: &str = "ghcr.io/demo/podinfo:";

/// What images hold, built when they are first asked for.
pub struct Images {
    http: reqwest::Client,
    forge: Url,
    folder: PathBuf,
    built: Mutex<BTreeMap<String, PathBuf>>,
}

impl Images {
    /// Of the registry and the git repository of this forge; builds go below `folder`.
    pub async fn start(forge: Url, folder: PathBuf) -> anyhow::Result<Arc<Self>> {
        std::fs::create_dir_all(&folder)?;
        let images = Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            forge,
            folder,
            built: Mutex::default(),
        };
        let url = images.forge.join("demo/podinfo.git")?;
        let mut clone = Command::new("git");
        clone
            .args(["clone", "--quiet", "--mirror", url.as_str()])
            .arg(images.clone_folder());
        aside(clone).await?;
        Ok(Arc::new(images))
    }

    fn clone_folder(&self) -> PathBuf {
        self.folder.join("source.git")
    }

    /// The files of a branch or commit, unpacked.
    pub async fn unpacked(&self, revision: &str) -> anyhow::Result<PathBuf> {
        let to = self.folder.join(revision);
        let (git, wanted, folder) = (self.clone_folder(), revision.to_owned(), to.clone());
        tokio::task::spawn_blocking(move || unpack(&git, &wanted, &folder)).await??;
        Ok(to)
    }

    /// The entrypoint of an image; `None` where the Pod has to say what it runs. Fails as a container
    /// runtime does, when there is no such image.
    pub async fn pull(&self, image: &str) -> anyhow::Result<Option<PathBuf>> {
        let Some(tag) = image.strip_prefix(OURS) else {
            return Ok(None);
        };
        let revision = self
            .revision(tag)
            .await
            .with_context(|| format!("failed to pull and unpack image \"{image}\""))?;
        // One at a time: a second Pod of the same image finds it built.
        let mut built = self.built.lock().await;
        if let Some(program) = built.get(&revision) {
            return Ok(Some(program.clone()));
        }
        let program = self.build(&revision).await?;
        built.insert(revision, program.clone());
        Ok(Some(program))
    }

    async fn revision(&self, tag: &str) -> anyhow::Result<String> {
        let url = self
            .forge
            .join(&format!("v2/demo/podinfo/manifests/{tag}"))?;
        let answer = self.http.get(url).send().await?;
        ensure!(answer.status().is_success(), "not found");
        let manifest: Value = answer.json().await?;
        manifest["annotations"]["org.opencontainers.image.revision"]
            .as_str()
            .map(str::to_owned)
            .context("the image does not say what it was built from")
    }

    /// What the Dockerfile does: compiles the program of that commit, with the commit in it.
    async fn build(&self, revision: &str) -> anyhow::Result<PathBuf> {
        let mut fetch = Command::new("git");
        fetch
            .arg("-C")
            .arg(self.clone_folder())
            .args(["fetch", "--quiet"]);
        aside(fetch).await?;
        let source = self.unpacked(revision).await?;
        let binary = source.join("podinfo");
        let ldflags = format!("-s -w -X github.com/demo/podinfo/pkg/version.REVISION={revision}");
        let mut go = Command::new(program("WEFT_REAL_GO")?);
        go.current_dir(&source)
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "-mod=readonly")
            .env("GOTOOLCHAIN", "local")
            .env("GOWORK", "off")
            .args([
                "build",
                "-trimpath",
                "-buildvcs=false",
                "-ldflags",
                &ldflags,
            ])
            .arg("-o")
            .arg(&binary)
            .arg("./cmd/podinfo");
        aside(go).await.context("building the image")?;
        Ok(binary)
    }
}

fn unpack(git: &Path, revision: &str, to: &Path) -> anyhow::Result<()> {
    let archive = Command::new("git")
        .arg("-C")
        .arg(git)
        .args(["archive", "--format=tar", revision])
        .output()?;
    ensure!(
        archive.status.success(),
        "{}",
        String::from_utf8_lossy(&archive.stderr)
    );
    tar::Archive::new(&archive.stdout[..]).unpack(to)?;
    Ok(())
}

/// Runs a command to its end without holding anybody up.
async fn aside(mut command: Command) -> anyhow::Result<String> {
    tokio::task::spawn_blocking(move || run(&mut command, "")?.ok()).await?
}
