//! Who does what, and what it needs.

use testkit::Ran;
use testkit::clients::{Buildah, Client, Crane, Ctr, Docker, Oras, OrasGo, Podman, Regctl, Skopeo};

use super::Place::{Source, Target};
use super::scene::{INDEX, NOTE, SBOM, SCHEMA_2, Scene, Stored, signature};
use super::{Need, Operation};

/// A registry that nobody reaches: containerd is told to ask another for its content.
const ELSEWHERE: &str = "registry.example.com";

const PULL: Need =
    Need { flag: "--pull", place: Source, actions: &["read-manifest", "read-blob"], refused: ("read-manifest", 403) };
/// Between repositories of one registry a layer is mounted, and nobody reads it.
const MOUNT: Need = Need { actions: &["read-manifest", "mount-from"], ..PULL };
const TAGGED: &[&str] = &["write-blob", "write-manifest", "create-tag"];
/// Most look first whether a layer is there already, and that is where they are refused.
const PUSH: Need = Need { flag: "--push", place: Target, actions: TAGGED, refused: ("read-blob", 403) };
/// Of something that has no tag.
const ATTACH: Need =
    Need { flag: "--push", place: Source, actions: &["write-blob", "write-manifest"], refused: ("write-blob", 403) };
const ATTACH_BY_TAG: Need = Need { actions: TAGGED, ..ATTACH };
const RESOLVE: Need =
    Need { flag: "--read-manifest", place: Source, actions: &["read-manifest"], refused: ("read-manifest", 403) };
/// Whoever may push reads 404 on HEAD, whatever is there.
const RESOLVE_TO_PUSH: Need = Need { refused: ("read-manifest", 404), ..RESOLVE };
const REFERRERS: Need =
    Need { flag: "--list", place: Source, actions: &["list-referrers"], refused: ("list-referrers", 403) };
const DELETE_TAG: Need =
    Need { flag: "--delete", place: Source, actions: &["delete-tag"], refused: ("delete-tag", 403) };
const DELETE_MANIFEST: Need =
    Need { flag: "--delete", place: Source, actions: &["delete-manifest"], refused: ("delete-manifest", 403) };
const DELETE_BLOB: Need =
    Need { flag: "--delete", place: Source, actions: &["delete-blob"], refused: ("delete-blob", 403) };

pub(crate) const CRANE: [Operation<Crane>; 4] = [
    Operation {
        name: "copy, an image",
        needs: &[MOUNT, PUSH],
        act: |crane, scene| crane.run(&["copy", "--insecure", &scene.from("1"), &scene.to("1")]),
        done: |scene, _| scene.target_has(&scene.content.image, "1"),
    },
    Operation {
        name: "copy, an index with its images",
        needs: &[MOUNT, PUSH],
        act: |crane, scene| crane.run(&["copy", "--insecure", &scene.from("many"), &scene.to("many")]),
        done: |scene, _| scene.target_has(&scene.content.index, "many"),
    },
    Operation {
        name: "delete, a tag",
        needs: &[DELETE_TAG],
        act: |crane, scene| crane.run(&["delete", "--insecure", &scene.from("1")]),
        done: tag_is_gone,
    },
    Operation {
        name: "delete, by digest",
        needs: &[DELETE_MANIFEST],
        act: |crane, scene| crane.run(&["delete", "--insecure", &scene.by_digest()]),
        done: image_is_gone,
    },
];

pub(crate) const SKOPEO: [Operation<Skopeo>; 3] = [
    Operation {
        name: "copy --all",
        needs: &[PULL, PUSH],
        act: |skopeo, scene| {
            let [from, to] = [scene.from("many"), scene.to("many")].map(|name| format!("docker://{name}"));
            skopeo.run(&["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", &from, &to])
        },
        done: |scene, _| scene.target_has(&scene.content.index, "many"),
    },
    Operation {
        name: "sync --all",
        needs: &[PULL, PUSH],
        act: |skopeo, scene| {
            let (folder, _) = scene.target.rsplit_once('/').expect("a name with a namespace");
            let to = format!("{}/{folder}", scene.host());
            let ways = ["--src", "docker", "--dest", "docker", "--src-tls-verify=false", "--dest-tls-verify=false"];
            skopeo.run(&[&["sync", "--all"], &ways[..], &[&scene.from("many"), &to]].concat())
        },
        done: |scene, _| scene.target_has(&scene.content.index, "many"),
    },
    Operation {
        name: "delete",
        needs: &[RESOLVE, DELETE_MANIFEST],
        act: |skopeo, scene| skopeo.run(&["delete", "--tls-verify=false", &format!("docker://{}", scene.from("1"))]),
        done: image_is_gone,
    },
];

pub(crate) const PODMAN: [Operation<Podman>; 1] = [Operation {
    name: "manifest push --all",
    needs: &[PUSH],
    act: |podman, scene| podman.push_index(&scene.content.index, &scene.to("many")),
    done: |scene, ran| {
        let images = scene.content.index.images().iter().map(|image| image.manifest.as_str());
        pushed(scene, "many", ran).is_some_and(|Stored { media_type, manifest, .. }| {
            let listed = manifest["manifests"].as_array().into_iter().flatten().map(|entry| &entry["digest"]);
            media_type == INDEX && listed.eq(images)
        })
    },
}];

pub(crate) const BUILDAH: [Operation<Buildah>; 1] = [Operation {
    name: "push --format v2s2",
    needs: &[PUSH],
    act: |buildah, scene| {
        let name = scene.to("v2s2");
        buildah.run(&["pull", "--quiet", &format!("oci-archive:{}", scene.content.archive(&name))]).ok();
        buildah.run(&["push", "--tls-verify=false", "--format", "v2s2", "--digestfile", "/dev/stdout", &name])
    },
    // The configuration is another one, in docker's format: it tells of the same layers.
    done: |scene, ran| {
        pushed(scene, "v2s2", ran).is_some_and(|Stored { media_type, config, .. }| {
            media_type == SCHEMA_2 && config["rootfs"] == scene.content.config()["rootfs"]
        })
    },
}];

pub(crate) const REGCTL: [Operation<Regctl>; 7] = [
    Operation {
        name: "artifact put --subject",
        needs: &[RESOLVE_TO_PUSH, ATTACH],
        act: |regctl, scene| put(regctl, scene, &["--subject", &scene.from("1")]),
        done: sbom_is_attached,
    },
    Operation {
        name: "artifact put, under the tag of a signature",
        needs: &[ATTACH_BY_TAG],
        act: |regctl, scene| put(regctl, scene, &[&scene.from(&signature(scene.content.image.digest()))]),
        done: |scene, ran| {
            scene
                .stored(&scene.source, &signature(scene.content.image.digest()))
                .is_some_and(|stored| ran.stdout.trim() == stored.digest && stored.manifest["artifactType"] == SBOM)
        },
    },
    Operation {
        name: "artifact list",
        needs: &[REFERRERS],
        act: |regctl, scene| regctl.run(&["artifact", "list", &scene.noted_source(), "--format", "raw-body"]),
        done: referrer_is_told,
    },
    Operation {
        name: "artifact tree --digest-tags",
        needs: &[RESOLVE, Need { actions: &["list-tags", "list-referrers"], refused: ("list-tags", 403), ..REFERRERS }],
        act: |regctl, scene| regctl.run(&["artifact", "tree", "--digest-tags", &scene.noted_source()]),
        done: |scene, ran| referrer_is_told(scene, ran) && ran.stdout.contains(&scene.noted_signature()),
    },
    Operation {
        // Where a registry cannot delete a tag, regctl pushes something else under it and deletes that: not here, where
        // nothing but `delete-tag` is allowed.
        name: "tag rm",
        needs: &[DELETE_TAG],
        act: |regctl, scene| regctl.run(&["tag", "rm", &scene.from("1")]),
        done: tag_is_gone,
    },
    Operation {
        name: "manifest rm",
        needs: &[DELETE_MANIFEST],
        act: |regctl, scene| regctl.run(&["manifest", "rm", &scene.by_digest()]),
        done: image_is_gone,
    },
    Operation {
        name: "blob rm",
        needs: &[DELETE_BLOB],
        act: |regctl, scene| {
            regctl.run(&["blob", "rm", &format!("{}/{}", scene.host(), scene.source), &Scene::loose()])
        },
        done: |scene, _| !scene.source_has(&format!("blobs/{}", Scene::loose())),
    },
];

pub(crate) const ORAS: [Operation<Oras>; 2] = [
    Operation {
        name: "attach",
        needs: &[RESOLVE, ATTACH_BY_TAG],
        act: |oras, scene| oras.attach(&scene.from("1"), &scene.content.note()),
        done: |scene, _| scene.attached(NOTE).is_some(),
    },
    Operation {
        name: "discover",
        needs: &[RESOLVE, REFERRERS],
        act: |oras, scene| oras.discover(&scene.noted_source()),
        done: referrer_is_told,
    },
];

pub(crate) const ORAS_GO: [Operation<OrasGo>; 5] = [
    Operation {
        name: "push",
        needs: &[Need { refused: ("read-manifest", 403), ..PUSH }],
        act: |oras, scene| oras.run("push", &[&scene.to("1"), SBOM, NOTE]),
        done: |scene, ran| {
            pushed(scene, "1", ran).is_some_and(|Stored { manifest, .. }| manifest["artifactType"] == SBOM)
        },
    },
    Operation {
        name: "attach",
        needs: &[RESOLVE_TO_PUSH, ATTACH],
        act: |oras, scene| oras.run("attach", &[&scene.from("1"), SBOM, NOTE]),
        done: sbom_is_attached,
    },
    Operation {
        name: "discover",
        needs: &[RESOLVE, REFERRERS],
        act: |oras, scene| oras.run("discover", &[&scene.noted_source(), SBOM]),
        done: referrer_is_told,
    },
    Operation {
        name: "pull",
        needs: &[PULL],
        act: |oras, scene| oras.run("pull", &[&scene.from("many")]),
        done: |scene, ran| ran.stdout.trim() == scene.content.index.digest(),
    },
    Operation {
        name: "delete",
        needs: &[RESOLVE, DELETE_MANIFEST],
        act: |oras, scene| oras.run("delete", &[&scene.from("1")]),
        done: image_is_gone,
    },
];

pub(crate) const DOCKER: [Operation<Docker>; 1] = [Operation {
    name: "push, as schema 2",
    needs: &[Need { refused: ("write-blob", 403), ..PUSH }],
    act: |docker, scene| docker.push(&scene.content.image, &scene.to("1")),
    done: |scene, ran| {
        pushed(scene, "1", ran)
            .is_some_and(|Stored { media_type, config, .. }| media_type == SCHEMA_2 && config == scene.content.config())
    },
}];

pub(crate) const CTR: [Operation<Ctr>; 2] = [
    Operation {
        name: "images pull --hosts-dir",
        needs: &[PULL],
        act: |ctr, scene| ctr.pull_through(ELSEWHERE, &scene.host(), &format!("{ELSEWHERE}/{}:1", scene.source)),
        done: |scene, ran| ran.stdout.contains(scene.content.image.digest()),
    },
    Operation {
        name: "images push --hosts-dir",
        needs: &[PUSH],
        act: |ctr, scene| {
            let name = format!("{ELSEWHERE}/{}:1", scene.target);
            ctr.push_through(ELSEWHERE, &scene.host(), &scene.content.image, &name)
        },
        done: |scene, _| scene.target_has(&scene.content.image, "1"),
    },
];

/// `regctl artifact put` of the note, which prints the manifest's digest.
fn put(regctl: &Regctl, scene: &Scene<'_>, words: &[&str]) -> Ran {
    let note = scene.content.note();
    let file = note.to_str().expect("temporary paths are UTF-8");
    let format = ["--format", "{{ .Manifest.GetDescriptor.Digest }}"];
    regctl.run(&[&["artifact", "put", "--artifact-type", SBOM, "--file", file], &format[..], words].concat())
}

/// What is in the target now, if it is what the client says that it pushed.
fn pushed(scene: &Scene<'_>, tag: &str, ran: &Ran) -> Option<Stored> {
    scene.stored(&scene.target, tag).filter(|stored| ran.stdout.contains(&stored.digest))
}

fn sbom_is_attached(scene: &Scene<'_>, ran: &Ran) -> bool {
    let right = |stored: Stored| ran.stdout.trim() == stored.digest && stored.manifest["artifactType"] == SBOM;
    scene.attached(NOTE).is_some_and(right)
}

fn referrer_is_told(scene: &Scene<'_>, ran: &Ran) -> bool {
    ran.stdout.contains(&scene.referrer())
}

fn image(scene: &Scene<'_>) -> String {
    format!("manifests/{}", scene.content.image.digest())
}

/// The tag alone: whoever knows the digest still has the image.
fn tag_is_gone(scene: &Scene<'_>, _: &Ran) -> bool {
    !scene.source_has("manifests/1") && scene.source_has(&image(scene))
}

fn image_is_gone(scene: &Scene<'_>, _: &Ran) -> bool {
    !scene.source_has("manifests/1") && !scene.source_has(&image(scene))
}
