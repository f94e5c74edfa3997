#include "app/cli.h"

int main(int argc, char** argv) { return simsched::run_cli(argc, argv); }
