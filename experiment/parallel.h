// Lies in base/, where those that know no experiments find it, too.
#pragma once

#include "base/parallel.h"
