/*
 * What a request is to a login, seen by what it carries and never by its host: RFC 6749 4.1.1,
 * 4.1.2, 4.1.3, RFC 7009, and the names that providers use instead. It reads names only, as they
 * are; what stands under them is for the rules.
 */
#include "explain/capture.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const client_ids[] = {"client_id", "client_key", "appid", "app_id"};

/* What only a token request has beside a code. */
static const char *const token_parameters[] = {"code_verifier", "client_secret", "redirect_uri",
					       "client_id",     "client_key",    "appid",
					       "app_id"};

/* The last word of a path, in lower case and without _ and -. */
static const char *const token_paths[] = {
	"token",           "accesstoken",          "refreshtoken", "revoke",
	"revoketoken",     "revocation",           "tokens",       "refresh",
	"oauth.v2.access", "openid.connect.token", "auth.revoke"};
static const char *const key_paths[] = {"jwks", "jwks.json", "certs", "keys"};
static const char *const userinfo_paths[] = {
	"userinfo", "me", "@me", "userinfo.json", "openid.connect.userinfo", "getcurrentaccount"};

struct pk_str form_raw(struct pk_str form, const char *name)
{
	const struct pk_str wanted = pk_str(name);

	while (form.ptr) {
		struct pk_str value = pk_str_cut(&form, '&');

		if (pk_str_equal(pk_str_cut(&value, '='), wanted))
			return value.ptr ? value : PK_STR("");
	}
	return (struct pk_str){0};
}

bool form_has(struct pk_str form, const char *name)
{
	return form_raw(form, name).ptr != NULL;
}

static bool form_has_any(struct pk_str form, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (form_has(form, names[i]))
			return true;
	return false;
}

struct pk_str url_without_query(struct pk_str url)
{
	url = pk_str_first(url, pk_str_find(url, '#'));
	return pk_str_first(url, pk_str_find(url, '?'));
}

struct pk_str url_query(struct pk_str url)
{
	url = pk_str_first(url, pk_str_find(url, '#'));

	const size_t mark = pk_str_find(url, '?');

	return mark < url.len ? pk_str_from(url, mark + 1) : (struct pk_str){0};
}

static struct pk_str url_fragment(struct pk_str url)
{
	const size_t mark = pk_str_find(url, '#');

	return mark < url.len ? pk_str_from(url, mark + 1) : (struct pk_str){0};
}

struct pk_str message_header(const struct pk_message *message, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < message->header_count; i++)
		if (message->header[i].name.len == len &&
		    strncasecmp(message->header[i].name.ptr, name, len) == 0)
			return message->header[i].value;
	return (struct pk_str){0};
}

bool message_has_header(const struct pk_message *message, const char *name)
{
	return message_header(message, name).ptr != NULL;
}

static bool is_method(const struct pk_message *request, const char *name)
{
	return pk_str_equal(request->method, pk_str(name));
}

/* The path's last word, reduced to what its spellings have in common. */
static struct pk_str last_word(struct pk_str url, char memory[static 32])
{
	struct pk_str path = url_without_query(url);
	size_t start, len = 0;

	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	for (start = path.len; start && path.ptr[start - 1] != '/'; start--)
		;
	for (size_t i = start; i < path.len; i++) {
		const char c = path.ptr[i];

		if (c == '_' || c == '-')
			continue;
		if (len == 32)
			return (struct pk_str){0};
		memory[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return (struct pk_str){memory, len};
}

static bool ends_in(struct pk_str url, const char *const *words, size_t count)
{
	char memory[32];
	const struct pk_str word = last_word(url, memory);

	for (size_t i = 0; i < count; i++)
		if (pk_str_equal(word, pk_str(words[i])))
			return true;
	return false;
}

/* A JSON or multipart body names what a form would name. */
static bool body_quotes(struct pk_str body, const char *quoted_name)
{
	return body.ptr && memmem(body.ptr, body.len, quoted_name, strlen(quoted_name));
}

/* A POST that became a GET on its way still says what its body was, or who the client is. */
static bool was_posted(const struct pk_message *request)
{
	const struct pk_str authorization = message_header(request, "Authorization");

	return message_has_header(request, "Content-Type") ||
	       (authorization.len >= 6 && strncasecmp(authorization.ptr, "Basic ", 6) == 0);
}

static bool is_token_request(const struct pk_message *request, struct pk_str query)
{
	const struct pk_str body = request->body;
	const bool form_carries_code =
		form_has(body, "code") &&
		form_has_any(body, token_parameters, COUNT(token_parameters));

	if (form_has(body, "grant_type") || form_has(query, "grant_type") ||
	    body_quotes(body, "\"grant_type\""))
		return true;
	if (form_carries_code ||
	    (form_has(query, "code") &&
	     (form_has(query, "client_secret") || form_has(query, "secret"))) ||
	    (body_quotes(body, "\"code\"") && body_quotes(body, "\"code_verifier\"")))
		return true;
	return (is_method(request, "POST") || was_posted(request)) &&
	       !form_has(body, "response_type") &&
	       ends_in(request->url, token_paths, COUNT(token_paths));
}

static bool is_authorize(struct pk_str parameters)
{
	return form_has(parameters, "response_type") ||
	       (form_has_any(parameters, client_ids, COUNT(client_ids)) &&
		(form_has(parameters, "redirect_uri") || form_has(parameters, "request_uri")));
}

static bool has_return(struct pk_str parameters)
{
	return form_has(parameters, "code") || form_has(parameters, "error");
}

static bool is_callback(struct pk_str parameters)
{
	return has_return(parameters) && form_has(parameters, "state");
}

bool request_may_return(const struct pk_message *request)
{
	return has_return(url_query(request->url)) || has_return(url_fragment(request->url)) ||
	       (is_method(request, "POST") && has_return(request->body));
}

/* The provider's metadata (RFC 8414 3, Discovery 4) and keys. */
static bool is_about_provider(struct pk_str url)
{
	const struct pk_str path = url_without_query(url);
	static const char *const marks[] = {"/.well-known/openid-configuration",
					    "/.well-known/oauth-authorization-server"};

	for (size_t i = 0; i < COUNT(marks); i++)
		if (path.len && memmem(path.ptr, path.len, marks[i], strlen(marks[i])))
			return true;
	return ends_in(url, key_paths, COUNT(key_paths));
}

/* A preflight asks before a request that scripts may not make by themselves; user info shows that
 * a token was good; metadata and keys are what an ID token is held against. */
static bool is_beside(const struct pk_message *request)
{
	if (is_method(request, "OPTIONS"))
		return ends_in(request->url, token_paths, COUNT(token_paths));
	if (is_method(request, "GET") && is_about_provider(request->url))
		return true;
	if (is_method(request, "POST") && form_has(request->body, "logout_token"))
		return true;

	const struct pk_str authorization = message_header(request, "Authorization");

	if (authorization.len < 7 || strncasecmp(authorization.ptr, "Bearer ", 7) != 0)
		return false;
	return ends_in(request->url, userinfo_paths, COUNT(userinfo_paths)) ||
	       pk_str_ends(url_without_query(request->url), PK_STR("/user/info/")) ||
	       pk_str_ends(url_without_query(request->url), PK_STR("/user/info"));
}

bool request_kind(const struct pk_message *request, enum pk_event_kind *ret)
{
	const struct pk_str query = url_query(request->url);

	if (is_method(request, "OPTIONS") || !request->present) {
		*ret = PK_EVENT_OTHER;
		return request->present && is_beside(request);
	}
	if (is_token_request(request, query))
		*ret = PK_EVENT_TOKEN;
	else if (is_authorize(query) || is_authorize(request->body))
		*ret = PK_EVENT_AUTHORIZE;
	else if (is_callback(query) || is_callback(url_fragment(request->url)) ||
		 (is_method(request, "POST") && is_callback(request->body)))
		*ret = PK_EVENT_CALLBACK;
	else if (is_beside(request))
		*ret = PK_EVENT_OTHER;
	else
		return false;
	return true;
}
