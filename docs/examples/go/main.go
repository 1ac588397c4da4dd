// Command dms is a system of an agency: it hands edXML files in, and takes what waits in the mailbox.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	intakev1 "lienthong/intake/v1"
	routingv1 "lienthong/routing/v1"
)

// inlineBytes is what a call carries of a content; a larger one goes by an upload, and is read by a download.
const inlineBytes = 1 << 20

func main() {
	address := flag.String("address", "127.0.0.1:7443", "where the axis listens")
	authority := flag.String("authority", "var/keys/axis-root.crt", "certificate of the axis")
	as := flag.String("as", "var/contexts/vpcp", "credentials, without .crt and .key")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	axis, err := connect(*address, *authority, *as)
	switch {
	case err != nil:
	case flag.NArg() == 2 && flag.Arg(0) == "send":
		err = axis.send(ctx, flag.Arg(1))
	case flag.NArg() == 2 && flag.Arg(0) == "receive":
		err = axis.receive(ctx, flag.Arg(1))
	default:
		err = errors.New("usage: dms [flags] send FILE | receive FOLDER")
	}
	if err != nil {
		tell(err)
		os.Exit(1)
	}
}

// send hands a file in. The same file again gets the same receipt, whatever broke in between.
func (a *axis) send(ctx context.Context, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return err
	}
	request := &intakev1.SubmitEdxmlRequest{RequestId: fmt.Sprintf("%x", hash.Sum(nil))}
	if size <= inlineBytes {
		request.Content = make([]byte, size)
		_, err = file.ReadAt(request.Content, 0)
	} else {
		request.Upload, err = a.upload(ctx, file, size, request.RequestId)
	}
	if err != nil {
		return err
	}
	receipt, err := a.intake.SubmitEdxml(ctx, request)
	if err != nil {
		return err
	}
	fmt.Println(receipt.Document, receipt.DocumentId)
	return nil
}

// receive stores documents that wait, and acknowledges those that are stored; the others come again.
func (a *axis) receive(ctx context.Context, folder string) error {
	pulled, err := a.mailbox.PullItems(ctx, &routingv1.PullItemsRequest{
		Kinds:       []routingv1.ItemKind{routingv1.ItemKind_ITEM_KIND_DOCUMENT},
		InlineLimit: inlineBytes,
		RequestId:   rand.Text(),
	})
	if err != nil {
		return err
	}
	stored := &routingv1.AcknowledgeItemsRequest{}
	for _, item := range pulled.Items {
		file := filepath.Join(folder, strings.ReplaceAll(item.Delivery, "/", "-")+".edxml")
		if stop := a.store(ctx, item, file); stop != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", item.Name, stop))
			continue
		}
		fmt.Println(file, item.Code, item.VerdictTextVi)
		stored.Items = append(stored.Items, &routingv1.LeasedItem{Name: item.Name, Lease: item.Lease})
	}
	if len(stored.Items) == 0 {
		return err
	}
	answer, refused := a.mailbox.AcknowledgeItems(ctx, stored)
	for _, result := range answer.GetResults() {
		if result.Status.GetCode() != 0 {
			err = errors.Join(err, fmt.Errorf("%s: %s", result.Name, result.Status.GetMessage()))
		}
	}
	return errors.Join(err, refused)
}

// store writes an item under its name once it is whole, and is what was sealed.
func (a *axis) store(ctx context.Context, item *routingv1.Item, name string) error {
	file, err := os.Create(name + ".part")
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	into := io.MultiWriter(file, hash)
	if int64(len(item.Content)) == item.ContentSize {
		_, err = into.Write(item.Content)
	} else {
		err = a.download(ctx, item.Delivery+"/content", into)
	}
	if err != nil {
		return err
	}
	if string(hash.Sum(nil)) != string(item.ContentSha256) {
		return errors.New("what came is not what was sealed")
	}
	return errors.Join(file.Sync(), os.Rename(file.Name(), name))
}

// tell says what went wrong, and what is to blame in the request.
func tell(err error) {
	refused := status.Convert(err)
	fmt.Fprintln(os.Stderr, refused.Message())
	for _, detail := range refused.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Fprintln(os.Stderr, "reason:", detail.Reason)
		case *errdetails.RetryInfo:
			fmt.Fprintln(os.Stderr, "try again in", detail.RetryDelay.AsDuration())
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				fmt.Fprintln(os.Stderr, violation.Description)
			}
		}
	}
}
