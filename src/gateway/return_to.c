/*
 * return_to comes from the query of /login, so from anybody. What browsers make of odd spellings is
 * theirs; so nothing odd is let through, and what is let through is written as an absolute URL, in
 * which no spelling of a path can be read as a host.
 */
#include "gateway/return_to.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

/* Only what RFC 3986 allows in a URL; a browser drops tabs and newlines, and reads \ as /. */
static bool is_plain(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const unsigned char c = (unsigned char)text.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '"' || c == '<' || c == '>' ||
		    c == '^' || c == '`' || c == '{' || c == '|' || c == '}')
			return false;
	}
	return true;
}

/* "https://app.example.com" of a URL; a view of it. */
static struct pk_str origin_of(struct pk_str url, const struct pk_uri *uri)
{
	const char *end =
		uri->port.ptr ? uri->port.ptr + uri->port.len : uri->host.ptr + uri->host.len;

	return pk_str_first(url, (size_t)(end - url.ptr));
}

/* An allowed origin and then a path or nothing: a ? or # that ends a host is legal, rare, and read
 * differently by some. */
static bool is_allowed(const struct settings *settings, struct pk_str url)
{
	struct pk_uri uri;

	if (!pk_uri_split(url, &uri))
		return false;

	const struct pk_str origin = origin_of(url, &uri);

	return (uri.path.len || url.len == origin.len) &&
	       (pk_str_equal(origin, settings->public_url) ||
		pk_list_has(&settings->return_to_origins, origin));
}

/* "//host" is a URL on another host. */
static bool is_path(struct pk_str text)
{
	return text.ptr[0] == '/' && !pk_str_starts(text, PK_STR("//"));
}

bool return_to_write(const struct settings *settings, struct pk_str text, struct pk_buf *out)
{
	const size_t start = out->len;

	if (!text.len)
		text = PK_STR("/");
	if (text.len > RETURN_TO_MAX || !is_plain(text))
		return false;
	if (is_path(text))
		pk_buf_put(out, settings->public_url);
	else if (!is_allowed(settings, text))
		return false;
	pk_buf_put(out, text);
	return !out->overflow && out->len - start <= RETURN_TO_MAX;
}
