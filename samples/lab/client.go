// A Go client: go-client URL TIMEOUT_SECONDS [CA_FILE]. Timeout 0 leaves Go's own timers (TLS handshake 10 s) in force.
// With SSLKEYLOGFILE it writes its keys there, and offers HTTP/2.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.ForceAttemptHTTP2 = false
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	if len(os.Args) > 3 {
		pem, err := os.ReadFile(os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	if name := os.Getenv("SSLKEYLOGFILE"); name != "" {
		log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		transport.TLSClientConfig.KeyLogWriter = log
		transport.ForceAttemptHTTP2 = true
	}
	client := http.Client{Transport: transport, Timeout: time.Duration(seconds * float64(time.Second))}
	response, err := client.Get(os.Args[1])
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(response.Status)
}
