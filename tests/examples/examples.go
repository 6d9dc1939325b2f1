// SPDX-License-Identifier: LGPL-2.1-or-later

// The three examples in Go for 64-bit Windows, calling the library without a line of C:
//
//	examples publish_port FILE FILE.ci
//	examples publish_event FILE FILE.ci
//	examples client FILE.ci COPY RESULT
package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"
)

const (
	missingData = syscall.Errno(4052)
	noMore      = syscall.Errno(4053)
	timeout     = syscall.Errno(1460)
	byDefault   = 0xFFFFFFFE // PEERDIST_READ_TIMEOUT_DEFAULT
)

var (
	kernel32    = syscall.NewLazyDLL("kernel32.dll")
	createEvent = kernel32.NewProc("CreateEventW")
	peerdist    = syscall.NewLazyDLL("peerdist.dll")
	buffer      [65536]byte
	// The library's while a call is pending, as the buffer is: not on Go's stack, which moves.
	overlapped = new(syscall.Overlapped)
	port       syscall.Handle
)

// call returns the function's result as an error: nil for 0. What the arguments point to is kept in
// place until it has returned.
//
//go:uintptrescapes
func call(name string, arguments ...uintptr) error {
	result, _, _ := peerdist.NewProc(name).Call(arguments...)
	if result == 0 {
		return nil
	}
	return syscall.Errno(result)
}

// await calls an asynchronous function and waits for it: on the port when there is one, else for the
// event, else in the library.
//
//go:uintptrescapes
func await(name string, arguments ...uintptr) (uint32, error) {
	var bytes, key uint32
	if err := call(name, append(arguments, pointer(overlapped))...); err != syscall.ERROR_IO_PENDING {
		return 0, err
	}
	if port != 0 {
		var done *syscall.Overlapped
		err := syscall.GetQueuedCompletionStatus(port, &bytes, &key, &done, syscall.INFINITE)
		return bytes, err
	}
	if overlapped.HEvent != 0 {
		syscall.WaitForSingleObject(overlapped.HEvent, syscall.INFINITE)
	}
	ok, _, err := peerdist.NewProc("PeerDistGetOverlappedResult").Call(pointer(overlapped),
		uintptr(unsafe.Pointer(&bytes)), 1)
	if ok != 0 {
		err = nil
	}
	return bytes, err
}

func pointer(to *syscall.Overlapped) uintptr { return uintptr(unsafe.Pointer(to)) }

func publish(identifier, from, to string) error {
	var instance, stream, information uintptr
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	name := []byte(identifier)
	if err := call("PeerDistStartup", 2, uintptr(unsafe.Pointer(&instance)), 0); err != nil {
		return err
	}
	defer call("PeerDistShutdown", instance)
	err = call("PeerDistServerPublishStream", instance, uintptr(len(name)),
		uintptr(unsafe.Pointer(&name[0])), 0, 0,
		uintptr(port), 0, uintptr(unsafe.Pointer(&stream)))
	for err == nil {
		n, end := in.Read(buffer[:])
		if n > 0 {
			_, err = await("PeerDistServerPublishAddToStream", instance, stream, uintptr(n),
				uintptr(unsafe.Pointer(&buffer[0])))
		}
		if end == io.EOF {
			break
		}
	}
	if err == nil {
		_, err = await("PeerDistServerPublishCompleteStream", instance, stream)
	}
	if err == nil {
		err = call("PeerDistServerOpenContentInformation", instance, uintptr(len(name)),
			uintptr(unsafe.Pointer(&name[0])), 0, 0, uintptr(port), 0, uintptr(unsafe.Pointer(&information)))
	}
	for err == nil {
		var n uint32
		n, err = await("PeerDistServerRetrieveContentInformation", instance, information,
			uintptr(len(buffer)), uintptr(unsafe.Pointer(&buffer[0])))
		if err == nil {
			_, err = out.Write(buffer[:n])
		}
	}
	if err != noMore {
		return err
	}
	fmt.Println("published")
	return out.Close()
}

func client(from, copyOf, to string) error {
	var instance, content uintptr
	var cached, fetched uint64
	tag := []byte("Go client       ")
	information, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	origin, err := os.Open(copyOf)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := call("PeerDistStartup", 2, uintptr(unsafe.Pointer(&instance)), 0); err != nil {
		return err
	}
	defer call("PeerDistShutdown", instance)
	err = call("PeerDistClientOpenContent", instance, uintptr(unsafe.Pointer(&tag[0])), 0, 0,
		uintptr(unsafe.Pointer(&content)))
	if err == nil {
		_, err = await("PeerDistClientAddContentInformation", instance, content,
			uintptr(len(information)), uintptr(unsafe.Pointer(&information[0])))
	}
	if err == nil {
		_, err = await("PeerDistClientCompleteContentInformation", instance, content)
	}
	for err == nil {
		var n uint32
		n, err = await("PeerDistClientStreamRead", instance, content, uintptr(len(buffer)),
			uintptr(unsafe.Pointer(&buffer[0])), byDefault)
		switch err {
		case nil:
			_, err = out.Write(buffer[:n])
			cached += uint64(n)
		case missingData, timeout: // n bytes from the offset on are for us to get
			at := int64(overlapped.OffsetHigh)<<32 | int64(overlapped.Offset)
			err = nil
			for left := int64(n); left > 0 && err == nil; {
				part := left
				if part > int64(len(buffer)) {
					part = int64(len(buffer))
				}
				if _, err = origin.ReadAt(buffer[:part], at); err == nil {
					_, err = out.Write(buffer[:part])
				}
				overlapped.Offset, overlapped.OffsetHigh = uint32(at), uint32(at>>32)
				await("PeerDistClientAddData", instance, content, uintptr(part), uintptr(unsafe.Pointer(&buffer[0])))
				at, left, fetched = at+part, left-part, fetched+uint64(part)
			}
		}
	}
	fmt.Printf("%d bytes from the cache, %d from the copy\n", cached, fetched)
	if err != noMore {
		return err
	}
	return out.Close()
}

func main() {
	var err error
	arguments := os.Args[1:]
	switch {
	case len(arguments) == 3 && arguments[0] == "publish_port":
		port, err = syscall.CreateIoCompletionPort(syscall.InvalidHandle, 0, 0, 0)
		if err == nil {
			err = publish("Go example with a port", arguments[1], arguments[2])
		}
	case len(arguments) == 3 && arguments[0] == "publish_event":
		event, _, _ := createEvent.Call(0, 1, 0, 0)
		overlapped.HEvent = syscall.Handle(event)
		err = publish("Go example with an event", arguments[1], arguments[2])
	case len(arguments) == 4 && arguments[0] == "client":
		err = client(arguments[1], arguments[2], arguments[3])
	default:
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
