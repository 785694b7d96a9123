/* The subcommands that are neither gateway nor sandbox, a file each. argv[0] is the subcommand; the
 * result is the exit status: 0 yes, 1 no or failed, 2 wrong usage. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

int demo_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int grants_main(int argc, char **argv);
int keys_main(int argc, char **argv);
int pkce_main(int argc, char **argv);
int provider_main(int argc, char **argv);

#endif
