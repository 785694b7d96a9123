/*
 * What the provider answered: that the person declined (RFC 6749 4.1.2.1), that it is another one
 * than was asked (RFC 9207), or something in words of its own.
 */
#include "explain/rules_state.h"
#include "explain/flow_provider.h"
#include "explain/words.h"
#include "base/text.h"

enum verdict look_user_denied(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_str denied = PK_STR("access_denied");
	const bool at_callback = pk_str_equal(flow->callback_error.error, denied);

	if (!flow->callback.event && !flow->authorize_error.error.len)
		return NOT_VISIBLE;
	if (!at_callback && !pk_str_equal(flow->authorize_error.error, denied))
		return ABSENT;
	/* Some say so of their own refusals too, and then why. */
	finding->confidence = words_deny(flow, "user-denied") ? PK_LIKELY : PK_PROVED;
	show(finding, at_callback ? &flow->callback : &flow->authorize, "error", denied,
	     (struct pk_str){0});
	return PRESENT;
}

/* ---- The issuer ---- */

/* Host and path of an issuer. */
static struct pk_str split_issuer(struct pk_str issuer, struct pk_str *ret_path)
{
	struct pk_str rest = issuer;

	(void)pk_str_cut(&rest, '/');
	(void)pk_str_cut(&rest, '/');
	*ret_path = pk_str_from(rest, pk_str_find(rest, '/'));
	return pk_str_first(rest, pk_str_find(rest, '/'));
}

/* The last two labels of a host: providers have their endpoints at several hosts of one domain. */
static struct pk_str domain(struct pk_str host)
{
	size_t start, dots = 0;

	host = pk_str_first(host, pk_str_find(host, ':'));
	for (start = host.len; start; start--)
		if (host.ptr[start - 1] == '.' && ++dots == 2)
			break;
	return pk_str_from(host, start);
}

enum verdict look_issuer_mismatch(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_param *iss = flow_param(&flow->callback, "iss");
	const struct pk_str expected = flow->dialect ? flow->dialect->issuer : PK_STR("");
	struct pk_str path, host;

	if (!flow->callback.event || !iss)
		return NOT_VISIBLE;
	host = split_issuer(iss->value, &path);
	if (expected.len) {
		if (flow_is_issuer(flow, iss->value))
			return ABSENT;
		show(finding, &flow->callback, "iss", iss->value,
		     flow_issuer(flow, &finding->confidence));
		return PRESENT;
	}
	if (!flow->authorize.event || !flow->authorize.host.len)
		return NOT_VISIBLE;
	if (pk_str_equal(domain(host), domain(flow->authorize.host)))
		return ABSENT;
	finding->confidence = PK_LIKELY;
	finding->detail = flow_text(flow, "The browser was sent to %.*s.",
				    PK_ARG(pk_str_first(flow->authorize.host, 200)));
	show(finding, &flow->callback, "iss", iss->value, (struct pk_str){0});
	return PRESENT;
}

/* ---- The provider's own words ---- */

/* The last resort: explain.c drops it where any cause is known. */
enum verdict look_provider_error(const struct flow *flow, struct pk_finding *finding)
{
	const struct {
		const struct flow_reply *reply;
		const struct flow_part *part;
	} said[] = {
		{&flow->reply, flow_asked(flow)},
		{&flow->callback_error, &flow->callback},
		{&flow->authorize_error, &flow->authorize},
	};

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const struct flow_reply *reply = said[i].reply;

		if (!reply->visible || reply->success || !flow->failed ||
		    (!reply->error.len && !reply->text.len))
			continue;
		finding->confidence = PK_LIKELY;
		if (reply->error.len)
			show(finding, said[i].part, "error", reply->error, (struct pk_str){0});
		if (reply->text.len)
			show(finding, said[i].part, "error_description", reply->text,
			     (struct pk_str){0});
		return PRESENT;
	}
	return flow->reply.visible || flow->callback.event ? ABSENT : NOT_VISIBLE;
}
