/* `proofkey pkce verify`. argv[0] is "verify"; gives the exit status. */
#ifndef CLI_PKCE_VERIFY_H
#define CLI_PKCE_VERIFY_H

int pkce_verify(int argc, char **argv);

#endif
