//! Who does what, and what it needs.

use testkit::Ran;
use testkit::clients::{Buildah, Client, Crane, Ctr, Docker, Oras, OrasGo, Podman, Regctl, Skopeo};

use super::Operation;
use super::Place::{Source, Target};
use super::scene::{SBOM, Scene};

const SCHEMA_2: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A registry that nobody reaches: containerd is told to ask another for its content.
const ELSEWHERE: &str = "registry.example.com";

pub(crate) const CRANE: [Operation<Crane>; 4] = [
    Operation {
        name: "copy, an image",
        needs: &[("--pull", Source), ("--push", Target)],
        act: |crane, scene| crane.run(&["copy", "--insecure", &scene.from("1"), &scene.to("1")]),
        done: |scene, _| scene.has_image("1"),
    },
    Operation {
        name: "copy, an index with its images",
        needs: &[("--pull", Source), ("--push", Target)],
        act: |crane, scene| crane.run(&["copy", "--insecure", &scene.from("many"), &scene.to("many")]),
        done: |scene, _| scene.has_index(&scene.target_repository(), "many"),
    },
    Operation {
        name: "delete, a tag",
        needs: &[("--delete", Source)],
        act: |crane, scene| crane.run(&["delete", "--insecure", &scene.from("1")]),
        done: |scene, _| !scene.source_has("manifests/1"),
    },
    Operation {
        name: "delete, by digest",
        needs: &[("--delete", Source)],
        act: |crane, scene| crane.run(&["delete", "--insecure", &scene.by_digest()]),
        done: image_is_gone,
    },
];

pub(crate) const SKOPEO: [Operation<Skopeo>; 3] = [
    Operation {
        name: "copy --all",
        needs: &[("--pull", Source), ("--push", Target)],
        act: |skopeo, scene| {
            let [from, to] = [scene.from("many"), scene.to("many")].map(|name| format!("docker://{name}"));
            skopeo.run(&["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", &from, &to])
        },
        done: |scene, _| scene.has_index(&scene.target_repository(), "many"),
    },
    Operation {
        name: "sync --all",
        needs: &[("--pull", Source), ("--push", Target)],
        act: |skopeo, scene| {
            let to = format!("{}/{}", scene.host(), scene.target);
            let ways = ["--src", "docker", "--dest", "docker", "--src-tls-verify=false", "--dest-tls-verify=false"];
            skopeo.run(&[&["sync", "--all"], &ways[..], &[&scene.from("many"), &to]].concat())
        },
        done: |scene, _| {
            let (_, name) = scene.source.rsplit_once('/').expect("a name with a namespace");
            scene.has_index(&format!("{}/{name}", scene.target), "many")
        },
    },
    Operation {
        name: "delete",
        needs: &[("--read-manifest", Source), ("--delete", Source)],
        act: |skopeo, scene| skopeo.run(&["delete", "--tls-verify=false", &format!("docker://{}", scene.from("1"))]),
        done: image_is_gone,
    },
];

pub(crate) const PODMAN: [Operation<Podman>; 1] = [Operation {
    name: "manifest push --all",
    needs: &[("--push", Target)],
    act: |podman, scene| podman.push_index(&scene.content.index, &scene.to("many")),
    done: |scene, _| scene.target_type("many").is_some_and(|media_type| media_type.contains("index")),
}];

pub(crate) const BUILDAH: [Operation<Buildah>; 1] = [Operation {
    name: "push --format v2s2",
    needs: &[("--push", Target)],
    act: |buildah, scene| {
        let name = scene.to("v2s2");
        buildah.run(&["pull", "--quiet", &format!("oci-archive:{}", scene.content.archive(&name))]).ok();
        buildah.run(&["push", "--tls-verify=false", "--format", "v2s2", &name])
    },
    done: |scene, _| scene.target_type("v2s2").as_deref() == Some(SCHEMA_2),
}];

pub(crate) const REGCTL: [Operation<Regctl>; 6] = [
    Operation {
        name: "artifact put --subject",
        needs: &[("--read-manifest", Source), ("--push", Source)],
        act: |regctl, scene| artifact(regctl, scene, &["--subject", &scene.from("1")]),
        done: |scene, _| matches!(scene.referrers().as_slice(), [(_, artifact_type)] if artifact_type == SBOM),
    },
    Operation {
        name: "artifact put, under the tag of a signature",
        needs: &[("--push", Source)],
        act: |regctl, scene| artifact(regctl, scene, &[&scene.from(&signature(scene))]),
        done: |scene, _| scene.source_has(&format!("manifests/{}", signature(scene))),
    },
    Operation {
        name: "artifact list",
        needs: &[("--pull", Source)],
        act: |regctl, scene| regctl.run(&["artifact", "list", &scene.noted_source(), "--format", "raw-body"]),
        done: referrer_is_told,
    },
    Operation {
        name: "tag rm",
        needs: &[("--delete", Source)],
        act: |regctl, scene| regctl.run(&["tag", "rm", &scene.from("1")]),
        done: |scene, _| {
            // The manifest stays: it is the tag that was deleted, and not a stand-in that took its place.
            !scene.source_has("manifests/1") && scene.source_has(&image(scene))
        },
    },
    Operation {
        name: "manifest rm",
        needs: &[("--delete", Source)],
        act: |regctl, scene| regctl.run(&["manifest", "rm", &scene.by_digest()]),
        done: image_is_gone,
    },
    Operation {
        name: "blob rm",
        needs: &[("--delete", Source)],
        act: |regctl, scene| {
            regctl.run(&["blob", "rm", &format!("{}/{}", scene.host(), scene.source), &Scene::loose()])
        },
        done: |scene, _| !scene.source_has(&format!("blobs/{}", Scene::loose())),
    },
];

pub(crate) const ORAS: [Operation<Oras>; 2] = [
    Operation {
        name: "attach",
        needs: &[("--read-manifest", Source), ("--push", Source)],
        act: |oras, scene| oras.attach(&scene.from("1"), &scene.content.note()),
        done: |scene, _| scene.referrers().len() == 1,
    },
    Operation {
        name: "discover",
        needs: &[("--pull", Source)],
        act: |oras, scene| oras.discover(&scene.noted_source()),
        done: referrer_is_told,
    },
];

pub(crate) const ORAS_GO: [Operation<OrasGo>; 5] = [
    Operation {
        name: "push",
        needs: &[("--push", Target)],
        act: |oras, scene| oras.run("push", &[&scene.to("1"), SBOM, "a text"]),
        done: |scene, _| scene.target_type("1").is_some(),
    },
    Operation {
        name: "attach",
        needs: &[("--read-manifest", Source), ("--push", Source)],
        act: |oras, scene| oras.run("attach", &[&scene.from("1"), SBOM, "a text"]),
        done: |scene, ran| {
            let referrers = scene.referrers();
            matches!(referrers.as_slice(), [(digest, kind)] if kind == SBOM && ran.stdout.trim() == digest)
        },
    },
    Operation {
        name: "discover",
        needs: &[("--pull", Source)],
        act: |oras, scene| oras.run("discover", &[&scene.noted_source(), SBOM]),
        done: referrer_is_told,
    },
    Operation {
        name: "pull",
        needs: &[("--pull", Source)],
        act: |oras, scene| oras.run("pull", &[&scene.from("many")]),
        done: |scene, ran| ran.stdout.trim() == scene.content.index.digest(),
    },
    Operation {
        name: "delete",
        needs: &[("--read-manifest", Source), ("--delete", Source)],
        act: |oras, scene| oras.run("delete", &[&scene.from("1")]),
        done: image_is_gone,
    },
];

pub(crate) const DOCKER: [Operation<Docker>; 1] = [Operation {
    name: "push, as schema 2",
    needs: &[("--push", Target)],
    act: |docker, scene| docker.push(&scene.content.image, &scene.to("1")),
    done: |scene, _| scene.target_type("1").as_deref() == Some(SCHEMA_2),
}];

pub(crate) const CTR: [Operation<Ctr>; 1] = [Operation {
    name: "images pull --hosts-dir",
    needs: &[("--pull", Source)],
    act: |ctr, scene| ctr.pull_through(ELSEWHERE, &scene.host(), &format!("{ELSEWHERE}/{}:1", scene.source)),
    done: |scene, ran| ran.stdout.contains(scene.content.image.digest()),
}];

fn artifact(regctl: &Regctl, scene: &Scene<'_>, words: &[&str]) -> Ran {
    let note = scene.content.note();
    let file = note.to_str().expect("temporary paths are UTF-8");
    regctl.run(&[&["artifact", "put", "--artifact-type", SBOM, "--file", file], words].concat())
}

/// Where cosign puts the signature of the image.
fn signature(scene: &Scene<'_>) -> String {
    format!("{}.sig", scene.content.image.digest().replace(':', "-"))
}

fn image(scene: &Scene<'_>) -> String {
    format!("manifests/{}", scene.content.image.digest())
}

fn referrer_is_told(scene: &Scene<'_>, ran: &Ran) -> bool {
    ran.stdout.contains(&scene.referrer())
}

fn image_is_gone(scene: &Scene<'_>, _: &Ran) -> bool {
    !scene.source_has(&image(scene))
}
