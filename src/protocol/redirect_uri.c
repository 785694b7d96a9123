/*
 * What providers ask of a redirect URI before they register it (RFC 6749 3.1.2, RFC 8252 7.3 and
 * each provider's own pages). The dialect names the rules; a rule is a row here, with the sentence
 * that a person is told.
 */
#include "protocol/redirect_uri.h"
#include "base/err.h"
#include "base/text.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 3986 3.1: "scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )" */
static bool is_scheme(struct pk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (!is_letter(c) &&
		    (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return false;
	}
	return text.len > 0;
}

bool pk_uri_split(struct pk_str uri, struct pk_uri *ret)
{
	*ret = (struct pk_uri){0};
	for (size_t i = 0; i < uri.len; i++)
		if ((unsigned char)uri.ptr[i] <= 0x20 || uri.ptr[i] == 0x7f || uri.ptr[i] == '\\')
			return false;

	const size_t hash = pk_str_find(uri, '#');

	if (hash < uri.len)
		ret->fragment = pk_str_from(uri, hash + 1);
	uri = pk_str_first(uri, hash);

	const size_t question = pk_str_find(uri, '?');

	if (question < uri.len)
		ret->query = pk_str_from(uri, question + 1);
	uri = pk_str_first(uri, question);

	const size_t colon = pk_str_find(uri, ':');

	ret->scheme = pk_str_first(uri, colon);
	uri = pk_str_from(uri, colon + 1);
	if (!is_scheme(ret->scheme) || !pk_str_starts(uri, PK_STR("//")))
		return false;
	uri = pk_str_from(uri, 2);

	const size_t slash = pk_str_find(uri, '/');
	struct pk_str authority = pk_str_first(uri, slash);

	ret->path = pk_str_from(uri, slash);
	if (pk_str_find(authority, '@') < authority.len)
		return false;

	const size_t bracket =
		authority.len && authority.ptr[0] == '[' ? pk_str_find(authority, ']') : 0;

	if (bracket && bracket == authority.len)
		return false;

	const struct pk_str after = pk_str_from(authority, bracket);
	const size_t port = pk_str_find(after, ':');

	ret->host = pk_str_first(authority, bracket + port);
	if (port < after.len)
		ret->port = pk_str_from(after, port + 1);
	return ret->host.len > 0;
}

bool pk_host_is_loopback(struct pk_str host)
{
	if (pk_str_equal(host, PK_STR("localhost")) || pk_str_equal(host, PK_STR("[::1]")))
		return true;

	int64_t octet[4];

	for (int i = 0; i < 4; i++) {
		const struct pk_str text = pk_str_cut(&host, '.');

		/* Browsers read a leading zero as octal: 0127.0.0.1 is 87.0.0.1. */
		if (!pk_str_number(text, 255, &octet[i]) || (text.len > 1 && text.ptr[0] == '0'))
			return false;
	}
	return !host.ptr && octet[0] == 127;
}

static bool scheme_is(const struct pk_uri *uri, struct pk_str scheme)
{
	return pk_str_equal(uri->scheme, scheme);
}

bool pk_uri_is_loopback(struct pk_str text)
{
	struct pk_uri uri;

	return pk_uri_split(text, &uri) &&
	       (scheme_is(&uri, PK_STR("http")) || scheme_is(&uri, PK_STR("https"))) &&
	       pk_host_is_loopback(uri.host);
}

/* What a rule looks at: one of the registered URIs. `split` is false where it is not absolute. */
struct subject {
	struct pk_str text;
	bool split;
	struct pk_uri uri;
	size_t count;  /* how many are registered */
	int64_t limit; /* the rule's argument */
};

static bool is_absolute(const struct subject *s)
{
	return s->split;
}

static bool is_https(const struct subject *s)
{
	return scheme_is(&s->uri, PK_STR("https"));
}

static bool is_http(const struct subject *s)
{
	return is_https(s) || scheme_is(&s->uri, PK_STR("http"));
}

static bool is_https_or_loopback(const struct subject *s)
{
	return is_https(s) || (is_http(s) && pk_host_is_loopback(s->uri.host));
}

static bool has_no_query(const struct subject *s)
{
	return pk_str_find(s->text, '?') == s->text.len;
}

static bool has_no_fragment(const struct subject *s)
{
	return pk_str_find(s->text, '#') == s->text.len;
}

static bool has_no_wildcard(const struct subject *s)
{
	return pk_str_find(s->text, '*') == s->text.len;
}

static bool has_loopback_host(const struct subject *s)
{
	return pk_str_equal(s->uri.host, PK_STR("localhost")) ||
	       pk_str_equal(s->uri.host, PK_STR("127.0.0.1"));
}

static bool has_port(const struct subject *s)
{
	int64_t port;

	return pk_str_equal(s->uri.port, PK_STR("*")) ||
	       (pk_str_number(s->uri.port, 65535, &port) && port > 0);
}

static bool is_not_localhost(const struct subject *s)
{
	return !pk_str_equal(s->uri.host, PK_STR("localhost"));
}

static bool is_short(const struct subject *s)
{
	return (int64_t)s->text.len <= s->limit;
}

static bool are_few(const struct subject *s)
{
	return (int64_t)s->count <= s->limit;
}

/* clang-format off */
static const struct rule {
	const char *name;
	bool needs_limit;
	bool (*holds)(const struct subject *);
	const char *sentence;
} rules[] = {
	{"absolute",          false, is_absolute,          "a redirect URI is absolute: scheme, ://, host"},
	{"https",             false, is_https,             "a redirect URI begins with https://"},
	{"http",              false, is_http,              "a redirect URI begins with http:// or https://"},
	{"https-or-loopback", false, is_https_or_loopback, "a redirect URI begins with https://, or with http:// on a loopback address"},
	{"no-query",          false, has_no_query,         "a redirect URI is static: it has no query (? and what follows)"},
	{"no-fragment",       false, has_no_fragment,      "a redirect URI has no fragment (# and what follows)"},
	{"no-wildcard",       false, has_no_wildcard,      "a redirect URI has no wildcard (*)"},
	{"loopback-host",     false, has_loopback_host,    "the host of a redirect URI is localhost or 127.0.0.1"},
	{"port",              false, has_port,             "a redirect URI names its port"},
	{"no-localhost",      false, is_not_localhost,     "the loopback host of a redirect URI is 127.0.0.1 or [::1], not localhost"},
	{"max-length",        true,  is_short,             "a redirect URI is too long"},
	{"max-count",         true,  are_few,              "too many redirect URIs are registered"},
};
/* clang-format on */

static const struct rule *find_rule(struct pk_str text, int64_t *ret_limit)
{
	const struct pk_str name = pk_str_cut(&text, ':');

	*ret_limit = 0;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (!pk_str_equal(name, pk_str(rules[i].name)))
			continue;
		if (rules[i].needs_limit ? !pk_str_number(text, 1 << 20, ret_limit)
					 : text.ptr != NULL)
			return NULL;
		return &rules[i];
	}
	return NULL;
}

bool pk_redirect_rule_exists(struct pk_str rule)
{
	int64_t limit;

	return find_rule(rule, &limit) != NULL;
}

static enum pk_err check_one(const struct pk_dialect *dialect, struct pk_str uri, size_t count,
			     struct pk_why *why)
{
	struct subject subject = {.text = uri, .count = count};

	subject.split = pk_uri_split(uri, &subject.uri);
	for (size_t i = 0; i < dialect->redirect_rules.count; i++) {
		const struct rule *rule =
			find_rule(dialect->redirect_rules.item[i], &subject.limit);

		if (!rule)
			return pk_refuse(why, PK_ERR_DIALECT_VALUE, "redirect_rules",
					 "there is no rule %.*s",
					 PK_ARG(dialect->redirect_rules.item[i]));
		if (rule->holds(&subject))
			continue;
		if (rule->needs_limit)
			return pk_refuse(why, PK_ERR_REDIRECT_URI, rule->name,
					 "%s (%.*s allows %lld, this has %zu)", rule->sentence,
					 PK_ARG(dialect->title), (long long)subject.limit,
					 rule->holds == are_few ? count : uri.len);
		return pk_refuse(why, PK_ERR_REDIRECT_URI, rule->name,
				 "%s (a rule of %.*s); this is %.*s", rule->sentence,
				 PK_ARG(dialect->title), PK_ARG(pk_str_first(uri, 100)));
	}
	return PK_OK;
}

enum pk_err pk_redirect_uris_check(const struct pk_dialect *dialect, const struct pk_str *uris,
				   size_t count, struct pk_why *why)
{
	for (size_t i = 0; i < count; i++)
		TRY(check_one(dialect, uris[i], count, why));
	return PK_OK;
}
