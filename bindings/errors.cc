// Errors of C++ as exceptions of Python: file and line apart, as editors want them.
#include <filesystem>
#include <string>

#include "base/error.h"
#include "bindings/module.h"

namespace simsched::python {
namespace {

// "file:12" apart; a place without a line is all file.
py::tuple file_and_line(const std::string& where) {
  const size_t colon = where.rfind(':');
  const bool has_line = colon != std::string::npos && colon + 1 < where.size() && where.size() - colon < 10 &&
                        where.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  if (!has_line) return py::make_tuple(where, py::none());
  return py::make_tuple(where.substr(0, colon), std::stoi(where.substr(colon + 1)));
}

void translate(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const Error& error) {
    const py::object type = py::module_::import("simsched._errors").attr("Error");
    const py::tuple place = file_and_line(error.where());
    const py::object value = type(error.problem(), place[0], place[1], error.remedy());
    PyErr_SetObject(type.ptr(), value.ptr());
  } catch (const std::filesystem::filesystem_error& error) {
    const py::tuple arguments = py::make_tuple(error.code().value(), error.code().message(), error.path1().string());
    PyErr_SetObject(PyExc_OSError, arguments.ptr());
  }
}

}  // namespace

int64_t whole_number(const py::handle& value, const char* what) {
  const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!number) {
    PyErr_Clear();
    throw py::type_error(std::string(what) + " is " + py::repr(value).cast<std::string>() + ", not a whole number");
  }
  const int64_t result = PyLong_AsLongLong(number.ptr());
  if (result == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return result;
}

void bind_errors(py::module_& /*module*/) { py::register_exception_translator(translate); }

}  // namespace simsched::python
