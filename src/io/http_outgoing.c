/*
 * One request to a provider. It carries codes, secrets and tokens: it goes over TLS with the
 * certificate checked (RFC 6749 3.2), to the host that it names and no other, once, and nothing of
 * it stays in memory or in a complaint.
 */
#include "io/http_outgoing.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER_AGENT "proofkey/" PROOFKEY_VERSION

static bool is_line(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
			return false;
	return true;
}

/* No second header hides in a header, and nothing behind a NUL is left out. */
static bool are_lines(const struct pk_http_request *request)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (!is_line(request->header[i]))
			return false;
	return is_line(request->url);
}

/* A terminated copy. */
static char *copy_line(struct pk_str text)
{
	char *copy = malloc(text.len + 1);

	if (copy) {
		if (text.len)
			memcpy(copy, text.ptr, text.len);
		copy[text.len] = '\0';
	}
	return copy;
}

static void free_line(char *line)
{
	if (!line)
		return;
	sodium_memzero(line, strlen(line));
	free(line);
}

static void complain(struct http_outgoing *outgoing, const char *what)
{
	snprintf(outgoing->problem, sizeof(outgoing->problem), "%s", what);
}

static size_t on_reply(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_outgoing *outgoing = arg;

	pk_buf_put(&outgoing->reply, (struct pk_str){bytes, size * count});
	return outgoing->reply.overflow ? CURL_WRITEFUNC_ERROR : size * count;
}

/* RFC 8252 7.3 lets a login come back over plain http on loopback; what it takes there, the sandbox
 * included, may go out so too. Nothing else. */
static const char *schemes_for(struct pk_str url)
{
	if (pk_str_starts(url, PK_STR("https://")))
		return "https";
	return pk_uri_is_loopback(url) ? "http" : NULL;
}

static bool add_header(struct http_outgoing *outgoing, const char *line)
{
	struct curl_slist *longer = curl_slist_append(outgoing->headers, line);

	if (longer)
		outgoing->headers = longer;
	return longer != NULL;
}

static bool copy_headers(struct http_outgoing *outgoing, const struct pk_http_request *request)
{
	/* Else libcurl waits a second for a "100 Continue" before a larger body, and calls every
	 * POST a form, over which an endpoint that takes none may stumble. */
	if (!add_header(outgoing, "Expect:") || !add_header(outgoing, "Content-Type:"))
		return false;
	for (size_t i = 0; i < request->header_count; i++) {
		char *const line = copy_line(request->header[i]);
		const bool added = line && add_header(outgoing, line);

		free_line(line);
		if (!added)
			return false;
	}
	return true;
}

static bool copy_request(struct http_outgoing *outgoing, const struct pk_http_request *request)
{
	outgoing->url = copy_line(request->url);
	outgoing->body = pk_buf(malloc(request->body.len + 1), request->body.len);
	outgoing->reply = pk_buf(malloc(PK_REPLY_MAX), PK_REPLY_MAX);
	outgoing->easy = curl_easy_init();
	if (!outgoing->url || !outgoing->body.ptr || !outgoing->reply.ptr || !outgoing->easy ||
	    !copy_headers(outgoing, request))
		return false;
	pk_buf_put(&outgoing->body, request->body);
	return true;
}

/* What does not depend on the request. */
static bool set_rules(CURL *easy)
{
	/* clang-format off */
	return !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) &&
	       !curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	       !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
	       !curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       !curl_easy_setopt(easy, CURLOPT_PROXY, "") && /* nor the environment's */
	       !curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") &&
	       !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CLIENT_CONNECT_SECONDS) &&
	       !curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
	/* clang-format on */
}

static bool set_method(struct http_outgoing *outgoing, const char *method)
{
	CURL *easy = outgoing->easy;

	if (strcmp(method, "GET") == 0)
		return !curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	if (strcmp(method, "POST") != 0)
		return false;
	/* On a connection that the other side has just closed, libcurl would send again, and no
	 * code may be sent twice (RFC 6749 4.1.2). A fresh connection has no such second try. */
	return !curl_easy_setopt(easy, CURLOPT_POST, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)outgoing->body.len) &&
	       !curl_easy_setopt(easy, CURLOPT_POSTFIELDS, outgoing->body.ptr);
}

static bool set_request(struct http_outgoing *outgoing, const char *schemes)
{
	CURL *easy = outgoing->easy;

	return !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, schemes) &&
	       !curl_easy_setopt(easy, CURLOPT_URL, outgoing->url) &&
	       !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, outgoing->headers) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEDATA, outgoing) &&
	       !curl_easy_setopt(easy, CURLOPT_PRIVATE, outgoing);
}

struct http_outgoing *http_outgoing_new(const struct pk_http_request *request,
					http_client_done *done, void *arg)
{
	struct http_outgoing *outgoing = calloc(1, sizeof(*outgoing));
	const char *schemes = schemes_for(request->url);

	if (!outgoing)
		return NULL;
	outgoing->done = done;
	outgoing->arg = arg;
	if (!schemes)
		complain(outgoing, "refused: the URL is neither https nor http on loopback");
	else if (!are_lines(request))
		complain(outgoing, "refused: the request has control characters");
	else if (!copy_request(outgoing, request))
		complain(outgoing, "out of memory");
	else if (!set_rules(outgoing->easy) || !set_request(outgoing, schemes) ||
		 !set_method(outgoing, request->method))
		complain(outgoing, "refused: the request cannot be made");
	return outgoing;
}

/* "Couldn't connect to server" alone does not say whether it is down or out of reach. */
void http_outgoing_end(struct http_outgoing *outgoing, CURLcode result)
{
	long number = 0;

	if (result == CURLE_OK)
		return;
	if (outgoing->reply.overflow) {
		complain(outgoing, "the reply is too long");
		return;
	}
	curl_easy_getinfo(outgoing->easy, CURLINFO_OS_ERRNO, &number);
	snprintf(outgoing->problem, sizeof(outgoing->problem), "%s%s%s", curl_easy_strerror(result),
		 number ? ": " : "", number ? strerror((int)number) : "");
}

void http_outgoing_tell(const struct http_outgoing *outgoing)
{
	if (outgoing->problem[0]) {
		outgoing->done(NULL, outgoing->problem, outgoing->arg);
		return;
	}

	struct pk_http_reply reply = {.body = pk_buf_str(&outgoing->reply)};
	const char *type = NULL;
	long status = 0;

	curl_easy_getinfo(outgoing->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(outgoing->easy, CURLINFO_CONTENT_TYPE, &type);
	reply.status = (int)status;
	reply.content_type = pk_str(type);
	outgoing->done(&reply, NULL, outgoing->arg);
}

static void free_buf(struct pk_buf *buf)
{
	if (buf->ptr)
		sodium_memzero(buf->ptr, buf->len);
	free(buf->ptr);
}

void http_outgoing_free(struct http_outgoing *outgoing)
{
	if (!outgoing)
		return;
	curl_easy_cleanup(outgoing->easy);
	for (struct curl_slist *line = outgoing->headers; line; line = line->next)
		sodium_memzero(line->data, strlen(line->data));
	curl_slist_free_all(outgoing->headers);
	free_line(outgoing->url);
	free_buf(&outgoing->body);
	free_buf(&outgoing->reply);
	free(outgoing);
}
