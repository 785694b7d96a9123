/*
 * Decodes the parameters, once, for all checks below: the query of a GET, the body of a POST. RFC
 * 6749 Appendix B. This is where bytes from anybody become parameters; what is too many, too large
 * or not encoded ends here.
 */
#include "protocol/json.h"
#include "base/arena.h"
#include "base/text.h"
#include "sandbox/check.h"
#include "sandbox/waiting.h"

static bool read_json(struct exchange *x, struct pk_str body)
{
	json_t *root = pk_json_parse(body);
	bool ok = json_is_object(root);
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		struct pk_param *at = &x->form.param[x->form.count];

		if (x->form.count == PK_FORM_MAX ||
		    pk_arena_copy(x->arena, pk_str(key), &at->name) != PK_OK ||
		    pk_json_text(x->arena, value, &at->value) != PK_OK) {
			ok = false;
			break;
		}
		x->form.count++;
	}
	json_decref(root);
	return ok;
}

/* Where a + in a URL is a plus and not a space, it is written so that the form decoder leaves it as
 * it is. */
static bool keep_plus(struct exchange *x, struct pk_str *text)
{
	struct pk_buf out = pk_arena_open(x->arena);

	for (size_t i = 0; i < text->len; i++) {
		if (text->ptr[i] == '+')
			pk_buf_put(&out, PK_STR("%2B"));
		else
			pk_buf_char(&out, text->ptr[i]);
	}
	return pk_arena_close(x->arena, &out, text) == PK_OK;
}

static bool run(struct exchange *x)
{
	const bool post = method_is(x, "POST") && !request_is_query(x);
	const bool browser = x->endpoint == AUTHORIZE || x->endpoint == DECIDE;
	struct pk_str text = post ? http_body(x->http) : http_query(x->http);

	if (x->endpoint == AUTHORIZE && text.len > WAITING_TEXT_MAX)
		return false;
	if (x->endpoint == AUTHORIZE && !post && !x->dialect->plus_is_space && !keep_plus(x, &text))
		return false;
	if (post && !browser && x->dialect->token_request == PK_REQUEST_JSON)
		return read_json(x, text);
	return pk_form_parse(x->arena, text, &x->form, NULL) == PK_OK;
}

const struct check check_parameters_readable = {
	.name = "parameters-readable",
	.status = 400,
	.code = "invalid_request",
	.text = "The parameters are not encoded as they must be, or there are too many of them.",
	.fault = "body-not-encoded",
	.reference = "RFC 6749 Appendix B",
	.fix = "Encode names and values with a form encoder; a request has at most 64 parameters "
	       "and "
	       "16384 bytes.",
	.run = run,
};
