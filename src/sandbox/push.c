/*
 * Pushed authorization requests (RFC 9126): the request waits under a random name, for a minute, for
 * the browser that the client sends. What is kept are the parameters that the checks have passed,
 * without the client's proof; the name works once, and for the client that pushed alone (2.2, 4).
 */
#include "sandbox/push.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/text.h"
#include "sandbox/answers.h"
#include "sandbox/document.h"
#include "sandbox/reply.h"
#include "sandbox/waiting.h"

#define URI_MAX 128

static bool is_proof(const struct exchange *x, struct pk_str name)
{
	return pk_str_equal(name, x->dialect->client_secret_parameter) ||
	       pk_str_equal(name, PK_STR("client_assertion")) ||
	       pk_str_equal(name, PK_STR("client_assertion_type"));
}

/* The client's name is in the request, also where it came in the Authorization header, and so is the
 * key whose proof came in the DPoP header (RFC 9449 10.1). */
static bool write_request(struct exchange *x, struct pk_str *ret)
{
	const struct pk_str name = x->dialect->client_id_parameter;
	struct pk_buf out = pk_arena_open(x->arena);

	for (size_t i = 0; i < x->form.count; i++)
		if (!is_proof(x, x->form.param[i].name) &&
		    !pk_str_equal(x->form.param[i].name, name))
			pk_form_put(&out, 0, x->form.param[i].name, x->form.param[i].value);
	pk_form_put(&out, 0, name, x->client->id);
	if (x->proven && !param(x, "dpop_jkt").len) {
		char memory[PK_BASE64URL_LEN(sizeof(x->holder))];
		struct pk_buf key = pk_buf(memory, sizeof(memory));

		pk_base64url_encode(&key, x->holder, sizeof(x->holder));
		pk_form_put(&out, 0, PK_STR("dpop_jkt"), pk_buf_str(&key));
	}
	return pk_arena_close(x->arena, &out, ret) == PK_OK && ret->len <= WAITING_TEXT_MAX;
}

void answer_push(struct exchange *x)
{
	char memory[URI_MAX];
	struct pk_buf uri = pk_buf(memory, sizeof(memory));
	struct pk_str request;
	json_t *reply;

	pk_buf_put(&uri, PUSHED_URI);
	if (!write_request(x, &request) ||
	    !waiting_put(x->sandbox->pushed, x->provider, request, x->attempt, x->now, &uri)) {
		/* RFC 9126 2.3: "If the request size was beyond the upper bound" */
		http_reply(x->http, 413, "text/plain", PK_STR("the request is too long\n"));
		return;
	}
	reply = json_object();
	document_set(reply, PK_STR("request_uri"), pk_buf_str(&uri));
	document_set_number(reply, PK_STR("expires_in"), PUSHED_MILLISECONDS / 1000);
	reply_document(x, 201, PK_BODY_JSON, reply);
}

bool push_take(struct exchange *x)
{
	const struct pk_str name = x->dialect->client_id_parameter;
	const struct pk_str client = pk_form_get(&x->form, name);
	const struct pk_str uri = param(x, "request_uri");
	struct pk_str pushed;
	struct pk_form form;

	if (!pk_str_starts(uri, PUSHED_URI))
		return false;
	pushed = waiting_take(x->sandbox->pushed, x->provider, pk_str_from(uri, PUSHED_URI.len),
			      x->now, x->arena, &x->attempt);
	if (!pushed.ptr || pk_form_parse(x->arena, pushed, &form, NULL) != PK_OK)
		return false;
	/* A stranger who has found the name has used it up all the same: it was to be unguessable. */
	if (!pk_str_equal(client, pk_form_get(&form, name))) {
		x->fault = "client-differs";
		return false;
	}
	x->form = form;
	return true;
}
