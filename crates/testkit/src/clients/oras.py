"""A command line for the Python library oras: it has none of its own."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from oras.client import OrasClient
from oras.oci import Subject

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def login(client, registry, user):
    password = sys.stdin.read()
    print(client.login(user, password, hostname=registry, config_path=CONFIG)["Status"])


def push(client, reference, blob):
    client.push(reference, config_path=CONFIG, files=[blob], disable_path_validation=True)


def push_index(client, reference, layout):
    """Every blob through the library's upload, every manifest through its request: it has no call for an index."""
    container = prepared(client, reference)
    top = json.loads(Path(layout, "index.json").read_bytes())["manifests"][0]
    for manifest in json.loads(blob_of(layout, top).read_bytes())["manifests"]:
        parts = json.loads(blob_of(layout, manifest).read_bytes())
        for part in [parts["config"], *parts["layers"]]:
            demand(client.upload_blob(str(blob_of(layout, part)), container, part))
        put(client, container.manifest_url(manifest["digest"]), manifest, layout)
    put(client, container.manifest_url(), top, layout)


def pull(client, reference):
    client.pull(reference, config_path=CONFIG, outdir=tempfile.mkdtemp(), allowed_media_type=[MANIFEST, INDEX])
    url = prepared(client, reference).manifest_url()
    response = client.do_request(f"{client.prefix}://{url}", headers={"Accept": f"{MANIFEST}, {INDEX}"})
    demand(response)
    print("sha256:" + hashlib.sha256(response.content).hexdigest())


def attach(client, reference, blob):
    """Under a tag of its own: the library has no push by digest."""
    _, subject = referred(client, reference)
    target = reference.rsplit(":", 1)[0] + ":attached"
    demand(client.push(target, config_path=CONFIG, files=[blob], subject=subject, disable_path_validation=True))


def discover(client, reference):
    container, subject = referred(client, reference)
    url = f"{client.prefix}://{container.registry}/v2/{container.api_prefix}/referrers/{subject.digest}"
    response = client.do_request(url, headers={"Accept": INDEX})
    demand(response)
    print("\n".join(referrer["digest"] for referrer in response.json()["manifests"]))


def referred(client, reference):
    container = prepared(client, reference)
    response = client.do_request(f"{client.prefix}://{container.manifest_url()}", headers={"Accept": f"{MANIFEST}, {INDEX}"})
    demand(response)
    digest = "sha256:" + hashlib.sha256(response.content).hexdigest()
    return container, Subject(response.headers["Content-Type"], digest, len(response.content))


def tags(client, repository):
    prepared(client, repository)
    print("\n".join(client.get_tags(repository)))


def prepared(client, reference):
    container = client.get_container(reference)
    client.auth.load_configs(container, configs=[CONFIG])
    return container


def put(client, url, descriptor, layout):
    headers = {"Content-Type": descriptor["mediaType"]}
    content = blob_of(layout, descriptor).read_bytes()
    demand(client.do_request(f"{client.prefix}://{url}", "PUT", data=content, headers=headers))


def demand(response):
    if not response.ok:
        raise ValueError(f"{response.status_code} {response.reason}: {response.text.strip()}")


def blob_of(layout, descriptor):
    return Path(layout, "blobs", descriptor["digest"].replace(":", "/"))


CONFIG, SCHEME, VERB, *ARGUMENTS = sys.argv[1:]
try:
    registry = ARGUMENTS[0].split("/")[0]
    globals()[VERB](OrasClient(hostname=registry, insecure=True, auth_backend=SCHEME), *ARGUMENTS)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
