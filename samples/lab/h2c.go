// HTTP/2 without TLS in Go: go-h2c SECONDS URL... asks for all of them at once, on one connection (https: with TLS, and its
// keys in SSLKEYLOGFILE); go-h2c serve PORT FOLDER is a file server that takes the upgrade from HTTP/1.1.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

func serve(port, folder string) {
	files := h2c.NewHandler(http.FileServer(http.Dir(folder)), &http2.Server{})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(":"+port, files))
	os.Exit(2)
}

func logging() *tls.Config {
	log, err := os.OpenFile(os.Getenv("SSLKEYLOGFILE"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return &tls.Config{KeyLogWriter: log}
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2], os.Args[3])
	}
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	transport := &http2.Transport{}
	if strings.HasPrefix(os.Args[2], "https:") {
		transport.TLSClientConfig = logging()
	} else {
		transport.AllowHTTP = true
		transport.DialTLS = func(network, address string, _ *tls.Config) (net.Conn, error) {
			return net.Dial(network, address)
		}
	}
	client := http.Client{Transport: transport, Timeout: time.Duration(seconds * float64(time.Second))}
	var group sync.WaitGroup
	for _, url := range os.Args[2:] {
		group.Add(1)
		go func(url string) {
			defer group.Done()
			response, err := client.Get(url)
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			fmt.Println(response.Status)
		}(url)
		time.Sleep(50 * time.Millisecond) // the streams begin in the order of the command line
	}
	group.Wait()
	transport.CloseIdleConnections()
}
