/*
 * The sandbox on one screen: what is checked at which endpoint, in which order. The first check
 * that does not pass ends the request, in the words of the dialect; when all have passed, the
 * endpoint answers. The order is part of the behaviour (RFC 6749 4.1.2.1: nobody is redirected
 * before the client and its redirect URI are known) and of the safety: who cannot prove to be the
 * client learns nothing about a code, and what a failed check leaves behind is nothing, so that a
 * stranger cannot burn somebody's code.
 *
 * Every check trusts the ones above it in its column, and nothing else.
 */
#include "sandbox/steps.h"
#include "sandbox/answers.h"
#include "sandbox/faults.h"
#include "sandbox/refusal.h"

enum { o, X };

/* A decision runs the checks of its authorize request again: one way leads from parameters to a
 * grant. A refresh is told from a code by grant-type-known, which moves the request to the next
 * column; the rows above it are therefore the same in both. */
/* clang-format off */
static const struct step {
	const struct check *check;
	char at[ENDPOINT_COUNT];
} steps[] = {
	/*                                authorize decide push token refresh revoke introspect userinfo end-session discovery jwks */
	{&check_method_get_or_post,           {  X,   o,   o,   o,   o,   o,   o,   X,   X,   o,   o  }},
	{&check_method_post,                  {  o,   X,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_method_get,                   {  o,   o,   o,   o,   o,   o,   o,   o,   o,   X,   X  }},
	{&check_body_form,                    {  X,   X,   X,   X,   X,   X,   X,   o,   X,   o,   o  }},
	{&check_parameters_readable,          {  X,   X,   X,   X,   X,   X,   X,   o,   X,   o,   o  }},
	{&check_parameters_in_body,           {  o,   o,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_request_waiting,              {  o,   X,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_logout_confirmed,             {  o,   o,   o,   o,   o,   o,   o,   o,   X,   o,   o  }},
	{&check_request_pushed,               {  X,   o,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},

	{&check_parameters_once,              {  o,   o,   X,   X,   X,   X,   X,   o,   X,   o,   o  }},
	{&check_client_auth_once,             {  o,   o,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_client_auth_readable,         {  o,   o,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_client_auth_method,           {  o,   o,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_client_authenticated,         {  o,   o,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_secret_jwt,                   {  o,   o,   X,   X,   X,   X,   X,   o,   o,   o,   o  }},
	{&check_origin,                       {  o,   o,   o,   X,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_client_confidential,          {  o,   o,   o,   o,   o,   o,   X,   o,   o,   o,   o  }},
	{&check_proof_valid,                  {  o,   o,   X,   X,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_proof_nonce,                  {  o,   o,   X,   X,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_request_not_nested,           {  o,   o,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},

	{&check_client_known,                 {  X,   X,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_redirect_uri_registered,      {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_parameters_once,              {  X,   X,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_response_type_present,        {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_response_type_code,           {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_response_mode,                {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_scope_known,                  {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_scope_required,               {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_state_present,                {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_challenge_unexpected,         {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_challenge_present,            {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_challenge_method,             {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_challenge_shape,              {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_request_object_absent,        {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_nonce_short,                  {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_proof_key_readable,           {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_prompt_readable,              {  X,   X,   X,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_id_token_hint,                {  X,   X,   X,   o,   o,   o,   o,   o,   X,   o,   o  }},
	{&check_signed_in,                    {  X,   o,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_client_unmistakable,          {  X,   o,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_consent_given,                {  X,   o,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_user_known,                   {  o,   X,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_user_consents,                {  o,   X,   o,   o,   o,   o,   o,   o,   o,   o,   o  }},

	{&check_grant_type_present,           {  o,   o,   o,   X,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_grant_type_known,             {  o,   o,   o,   X,   X,   o,   o,   o,   o,   o,   o  }},

	{&check_code_present,                 {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_code_known,                   {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_code_client,                  {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_code_unused,                  {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_code_unexpired,               {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_redirect_uri_same,            {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_verifier_present,             {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_verifier_expected,            {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_verifier_shape,               {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_verifier_matches,             {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},
	{&check_code_holder,                  {  o,   o,   o,   X,   o,   o,   o,   o,   o,   o,   o  }},

	{&check_refresh_token_present,        {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_refresh_token_known,          {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_refresh_token_client,         {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_refresh_token_unused,         {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_refresh_token_unexpired,      {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_refresh_token_holder,         {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},
	{&check_scope_within_grant,           {  o,   o,   o,   o,   X,   o,   o,   o,   o,   o,   o  }},

	{&check_token_present,                {  o,   o,   o,   o,   o,   X,   X,   o,   o,   o,   o  }},
	{&check_token_client,                 {  o,   o,   o,   o,   o,   X,   o,   o,   o,   o,   o  }},

	{&check_bearer_in_header,             {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_bearer_present,               {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_bearer_valid,                 {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_bearer_holder,                {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_bearer_proof,                 {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_bearer_nonce,                 {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_userinfo_header,              {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_userinfo_client,              {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},
	{&check_userinfo_subject,             {  o,   o,   o,   o,   o,   o,   o,   X,   o,   o,   o  }},

	{&check_logout_client,                {  o,   o,   o,   o,   o,   o,   o,   o,   X,   o,   o  }},
	{&check_logout_redirect_uri,          {  o,   o,   o,   o,   o,   o,   o,   o,   X,   o,   o  }},
};

static void (*const answers[ENDPOINT_COUNT])(struct exchange *x) = {
	[AUTHORIZE]   = answer_authorize,
	[DECIDE]      = answer_decision,
	[TOKEN]       = answer_token,
	[REFRESH]     = answer_refresh,
	[REVOKE]      = answer_revoke,
	[PUSH]        = answer_push,
	[INTROSPECT]  = answer_introspect,
	[USERINFO]    = answer_userinfo,
	[END_SESSION] = answer_end_session,
	[DISCOVERY]   = answer_metadata,
	[JWKS]        = answer_jwks,
};
/* clang-format on */

/* Whoever redeems a code and fails has used it, where the provider is so strict. */
static void burn_code(const struct exchange *x)
{
	if (x->endpoint == TOKEN && x->ticket && x->dialect->failed_check_burns_code)
		x->ticket->spent = true;
}

static bool passes(struct exchange *x, const struct check *check)
{
	return check->run(x) && !fault_refuses(x, check);
}

void steps_run(struct exchange *x)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].at[x->endpoint] && !passes(x, steps[i].check)) {
			burn_code(x);
			refuse(x, steps[i].check);
			return;
		}
	}
	if (!fault_ends(x))
		answers[x->endpoint](x);
}
