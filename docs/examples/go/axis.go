package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/bytestream"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	intakev1 "lienthong/intake/v1"
	routingv1 "lienthong/routing/v1"
)

// repeats says how calls are repeated while the axis is away: all of them may be, by their request_id.
const repeats = `{
	"loadBalancingConfig": [{"round_robin": {}}],
	"methodConfig": [{"name": [{}], "retryPolicy": {
		"maxAttempts": 5, "initialBackoff": "0.2s", "maxBackoff": "5s", "backoffMultiplier": 2,
		"retryableStatusCodes": ["UNAVAILABLE"]
	}}]
}`

const (
	pieceBytes = 256 << 10
	// goes is how often a transfer that broke goes on.
	goes = 10
)

// axis is a connection to the axis as one system.
type axis struct {
	intake   intakev1.IntakeClient
	mailbox  routingv1.MailboxClient
	contents bytestream.ByteStreamClient
}

// connect speaks with the credentials that `lienthong agency issue-credentials` wrote.
func connect(address, authority, as string) (*axis, error) {
	pair, err := tls.LoadX509KeyPair(as+".crt", as+".key")
	if err != nil {
		return nil, err
	}
	roots, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("%s holds no certificate", authority)
	}
	mutual := credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: trusted})
	channel, err := grpc.NewClient(address, grpc.WithTransportCredentials(mutual), grpc.WithDefaultServiceConfig(repeats))
	if err != nil {
		return nil, err
	}
	return &axis{
		intake:   intakev1.NewIntakeClient(channel),
		mailbox:  routingv1.NewMailboxClient(channel),
		contents: bytestream.NewByteStreamClient(channel),
	}, nil
}

// upload brings a content in; after a break it asks where to go on, also when this program was started again.
func (a *axis) upload(ctx context.Context, content io.ReaderAt, size int64, requestID string) (string, error) {
	upload, err := a.intake.CreateUpload(ctx, &intakev1.CreateUploadRequest{Size: size, RequestId: requestID})
	if err != nil {
		return "", err
	}
	return upload.Name, goingOn(func() error {
		state, err := a.intake.GetUpload(ctx, &intakev1.GetUploadRequest{Name: upload.Name})
		if err != nil || state.Complete {
			return err
		}
		return a.write(ctx, upload.Name, io.NewSectionReader(content, state.CommittedSize, size-state.CommittedSize), size)
	})
}

func (a *axis) write(ctx context.Context, name string, rest *io.SectionReader, size int64) error {
	stream, err := a.contents.Write(ctx)
	if err != nil {
		return err
	}
	for offset := size - rest.Size(); offset < size; {
		piece := make([]byte, min(pieceBytes, size-offset))
		if _, err := io.ReadFull(rest, piece); err != nil {
			return err
		}
		end := offset + int64(len(piece))
		request := &bytestream.WriteRequest{ResourceName: name, WriteOffset: offset, Data: piece, FinishWrite: end == size}
		if stream.Send(request) != nil {
			break // the answer says why
		}
		offset = end
	}
	_, err = stream.CloseAndRecv()
	return err
}

// download reads a content; after a break it goes on behind what came.
func (a *axis) download(ctx context.Context, name string, into io.Writer) error {
	var done int64
	return goingOn(func() error {
		stream, err := a.contents.Read(ctx, &bytestream.ReadRequest{ResourceName: name, ReadOffset: done})
		for err == nil {
			var piece *bytestream.ReadResponse
			if piece, err = stream.Recv(); err == nil {
				_, err = into.Write(piece.Data)
				done += int64(len(piece.Data))
			}
		}
		if err == io.EOF {
			return nil
		}
		return err
	})
}

// goingOn tries a transfer again when the line broke, not when it was refused.
func goingOn(transfer func() error) error {
	for try := 1; ; try++ {
		err := transfer()
		code := status.Code(err)
		if try == goes || code != codes.Unavailable && code != codes.Aborted {
			return err
		}
		time.Sleep(time.Duration(try) * 200 * time.Millisecond)
	}
}
