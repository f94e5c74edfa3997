// simsched._core: what Python sees of C++, one file a subject. bindings/simsched/ is the package around it.
//
// Times are whole nanoseconds there, CPUs and tasks whole numbers. An Error becomes simsched.Error; whatever runs
// longer than a moment lets other Python threads run, and can be interrupted.
#pragma once

// Every file sees the same casters: which ones there are is part of what templates of pybind11 are.
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>

namespace simsched::python {

namespace py = pybind11;

// Raises TypeError for what is no whole number, calling it `what`; OverflowError for one beyond 64 bits.
int64_t whole_number(const py::handle& value, const char* what);

void bind_errors(py::module_& module);
void bind_machine(py::module_& module);
void bind_results(py::module_& module);
void bind_session(py::module_& module);
void bind_timeline(py::module_& module);
void bind_recordings(py::module_& module);
void bind_learning(py::module_& module);
void bind_commands(py::module_& module);
void bind_sweep(py::module_& module);
void bind_scx(py::module_& module);
void bind_simulation(py::module_& module);

}  // namespace simsched::python
