package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorctl/copr"
)

const (
	streamName = "COPR_TASKS"
	maxTask    = 256 << 10 // bytes of a task as JSON
)

// words names an attempt within a subject. A dot would divide it there, and "=" is in no chroot.
func words(build uint64, c copr.Chroot, attempt int) string {
	return fmt.Sprintf("%s.%d.%d.%s", c.Arch, build, attempt, strings.ReplaceAll(c.String(), ".", "="))
}

func taskSubject(build uint64, c copr.Chroot, attempt int) string {
	return "copr.task." + words(build, c, attempt)
}

func stopSubject(build uint64, c copr.Chroot, attempt int) string {
	return "copr.stop." + words(build, c, attempt)
}

// Permissions are the subjects that a builder needs, and no more: to take and answer tasks of its architectures, and
// to hear that one is stopped. The embedded server grants them; in a cluster its operator does.
func Permissions(name string, arches []string) (publish, subscribe []string) {
	subscribe = []string{inbox(name) + ".>"}
	for _, a := range arches {
		publish = append(publish,
			"$JS.API.CONSUMER.INFO."+streamName+"."+a,
			"$JS.API.CONSUMER.MSG.NEXT."+streamName+"."+a,
			"$JS.ACK."+streamName+"."+a+".>")
		subscribe = append(subscribe, "copr.stop."+a+".>")
	}
	return publish, subscribe
}

// inbox is where answers to a builder arrive; those to others are not to be read by it.
func inbox(name string) string { return "_INBOX_" + name }

func openStream(ctx context.Context, js jetstream.JetStream, ackWait time.Duration, replicas int) (jetstream.Stream, error) {
	s, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        streamName,
		Description: "tasks of the rebuild hub",
		Subjects:    []string{"copr.task.>"},
		Retention:   jetstream.WorkQueuePolicy,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
		MaxMsgSize:  maxTask,
		// One message a subject, and so one an attempt: who offers it again is told so, for as long as it lies there.
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1,
	})
	if err != nil {
		return nil, err
	}
	for _, arch := range copr.Arches {
		_, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
			Durable:       arch,
			FilterSubject: "copr.task." + arch + ".>",
			AckPolicy:     jetstream.AckExplicitPolicy,
			AckWait:       ackWait,
			MaxDeliver:    -1, // the record counts
			MaxAckPending: -1,
		})
		if err != nil {
			return nil, fmt.Errorf("consumer %s: %w", arch, err)
		}
	}
	return s, nil
}

// errOffered means that the attempt lies in the stream already.
const errOffered jetstream.ErrorCode = 10077 // maximum messages per subject exceeded

func isOffered(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == errOffered
}
