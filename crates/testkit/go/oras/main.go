// A small command line over oras-go, which has none: what programs do that carry the library.
//
//	oras-go USER push|attach|discover|pull|delete REFERENCE [ARGUMENT...] < PASSWORD
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/memory"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const media = "application/vnd.example.text"

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: oras-go USER VERB REFERENCE [ARGUMENT...]"))
	}
	password, err := io.ReadAll(os.Stdin)
	fail(err)
	user, verb, reference, rest := os.Args[1], os.Args[2], os.Args[3], os.Args[4:]
	repository, err := remote.NewRepository(reference)
	fail(err)
	repository.PlainHTTP = true
	repository.Client = &auth.Client{
		Cache: auth.NewCache(),
		Credential: auth.StaticCredential(repository.Reference.Registry, auth.Credential{
			Username: user, Password: strings.TrimSpace(string(password)),
		}),
	}
	tag := repository.Reference.Reference
	verbs := map[string]func(context.Context, *remote.Repository, string, []string) error{
		"push": push, "attach": attach, "discover": discover, "pull": pull, "delete": remove,
	}
	act, known := verbs[verb]
	if !known {
		fail(fmt.Errorf("no verb %q", verb))
	}
	fail(act(context.Background(), repository, tag, rest))
}

// push stores a text as an artifact: push REFERENCE TYPE TEXT.
func push(ctx context.Context, to *remote.Repository, tag string, rest []string) error {
	store := memory.New()
	manifest, err := pack(ctx, store, rest[0], rest[1], nil)
	if err != nil {
		return err
	}
	if err := store.Tag(ctx, manifest, tag); err != nil {
		return err
	}
	_, err = oras.Copy(ctx, store, tag, to, tag, oras.DefaultCopyOptions)
	return err
}

// attach stores a text that refers to another manifest: attach SUBJECT TYPE TEXT.
func attach(ctx context.Context, to *remote.Repository, tag string, rest []string) error {
	subject, err := to.Resolve(ctx, tag)
	if err != nil {
		return err
	}
	_, err = pack(ctx, to, rest[0], rest[1], &subject)
	return err
}

// discover lists what refers to a manifest: discover REFERENCE [TYPE].
func discover(ctx context.Context, from *remote.Repository, tag string, rest []string) error {
	subject, err := from.Resolve(ctx, tag)
	if err != nil {
		return err
	}
	return from.Referrers(ctx, subject, strings.Join(rest, ""), func(referrers []ocispec.Descriptor) error {
		for _, referrer := range referrers {
			fmt.Println(referrer.Digest, referrer.ArtifactType)
		}
		return nil
	})
}

// pull copies a manifest and all that it names: pull REFERENCE.
func pull(ctx context.Context, from *remote.Repository, tag string, _ []string) error {
	manifest, err := oras.Copy(ctx, from, tag, memory.New(), tag, oras.DefaultCopyOptions)
	fmt.Println(manifest.Digest)
	return err
}

// remove deletes a manifest: delete REFERENCE.
func remove(ctx context.Context, from *remote.Repository, tag string, _ []string) error {
	manifest, err := from.Resolve(ctx, tag)
	if err != nil {
		return err
	}
	return from.Delete(ctx, manifest)
}

// pack makes an artifact of one text where it is to be, and prints its digest.
func pack(ctx context.Context, to content.Pusher, kind, text string, subject *ocispec.Descriptor) (ocispec.Descriptor, error) {
	layer := content.NewDescriptorFromBytes(media, []byte(text))
	if err := to.Push(ctx, layer, strings.NewReader(text)); err != nil {
		return layer, err
	}
	options := oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}, Subject: subject}
	manifest, err := oras.PackManifest(ctx, to, oras.PackManifestVersion1_1, kind, options)
	fmt.Println(manifest.Digest)
	return manifest, err
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "oras-go:", err)
		os.Exit(1)
	}
}
