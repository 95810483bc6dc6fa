/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, an Engine on another machine. Its TLS is dockerd's: TLS 1.2 upwards, a CA of
 * the site's own, a client certificate. libcurl says what broke in words that differ from release
 * to release; what the reader can do about it is ours to say.
 */
#include "agent/engine_tls.h"

#include <openssl/x509_vfy.h>
#include <string.h>

void engine_tls_setup(CURL *easy, const struct host_endpoint *endpoint)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	/* OpenSSL writes without MSG_NOSIGNAL: libcurl must keep SIGPIPE away. */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, endpoint->verifies ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, endpoint->verifies ? 2L : 0L);
	if (endpoint->ca_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, endpoint->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* those only, not the system's too */
	}
	if (endpoint->cert_file != NULL) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, endpoint->cert_file);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, endpoint->key_file);
		/* Else OpenSSL asks for a passphrase on the terminal and waits. */
		curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
	}
}

/* Why the engine's certificate was not believed. */
static const char *untrusted(CURL *easy, const char *problem)
{
	long result = X509_V_OK;

	if (strstr(problem, "subject name") != NULL || strstr(problem, "host name") != NULL)
		return "the engine's certificate is for another name than the one asked: use a "
		       "name that stands in it";
	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "the engine's certificate has expired, or this clock is wrong: the engine "
		       "needs a new one";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "the engine's certificate is not valid yet: is this clock right?";
	default:
		return "the engine's certificate is not signed by the CA that is trusted here: is "
		       "ca.pem (--tlscacert) that of this engine?";
	}
}

/* The engine ended the handshake; what it says of a certificate differs between its releases. */
static const char *refused(const char *problem, const struct host_endpoint *endpoint)
{
	static const char *const about_certificates[] = {
		"bad certificate",         "certificate required", "unknown ca",
		"certificate expired",     "handshake failure",    "certificate unknown",
		"unsupported certificate",
	};

	for (guint i = 0; i < G_N_ELEMENTS(about_certificates); i++) {
		if (strstr(problem, about_certificates[i]) == NULL)
			continue;
		if (endpoint->cert_file == NULL)
			return "the engine wants a client certificate: put cert.pem and key.pem "
			       "beside ca.pem (DOCKER_CERT_PATH), or name them with --tlscert and "
			       "--tlskey";
		return "the engine does not accept our client certificate: is cert.pem "
		       "(--tlscert) signed by the CA that the engine trusts, for client use, and "
		       "still valid?";
	}
	return NULL;
}

const char *engine_tls_trouble(CURL *easy, CURLcode code, const char *problem,
			       const struct host_endpoint *endpoint)
{
	if (endpoint == NULL || !g_str_has_prefix(endpoint->address, "https://"))
		return NULL;
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return untrusted(easy, problem);
	if (code == CURLE_SSL_CACERT_BADFILE)
		return "ca.pem (--tlscacert) cannot be read as certificates";
	if (code == CURLE_SSL_CERTPROBLEM)
		return "cert.pem and key.pem (--tlscert, --tlskey) cannot be used: both must be "
		       "readable PEM, belong together, and the key have no passphrase";
	if (strstr(problem, "wrong version number") != NULL)
		return "the engine speaks no TLS on that port: is it the port for TLS (2376)?";
	if (refused(problem, endpoint) != NULL)
		return refused(problem, endpoint);
	return code == CURLE_SSL_CONNECT_ERROR ? "no TLS 1.2 or newer could be agreed on" : NULL;
}
