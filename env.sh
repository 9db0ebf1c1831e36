# Source this for a shell in which `streamo`, the node and its messages work, on a machine without
# ROS, after `make build`:    source env.sh
# On Kilted's wheels, after `make build DISTRO=kilted`:    DISTRO=kilted source env.sh
# With a ROS of the system, source the install/setup.bash of your colcon workspace instead.

if [ -n "${BASH_SOURCE:-}" ]; then
  _streamo_ros_root=$BASH_SOURCE
elif [ -n "${ZSH_VERSION:-}" ]; then
  eval '_streamo_ros_root=${(%):-%x}'
else
  _streamo_ros_root=./env.sh  # a plain sh cannot tell: source it from its own directory
fi
_streamo_ros_root=$(cd "$(dirname "$_streamo_ros_root")" > /dev/null && pwd)

# As setup/distribution.py has it
_streamo_ros_distro=${DISTRO:-jazzy}
case $_streamo_ros_distro in
  jazzy) _streamo_ros_suffix= ;;
  *) _streamo_ros_suffix=-$_streamo_ros_distro ;;
esac
_streamo_ros_venv=$_streamo_ros_root/.venv$_streamo_ros_suffix
_streamo_ros_install=$_streamo_ros_root/install$_streamo_ros_suffix

if [ -x "$_streamo_ros_venv/bin/python" ]; then
  # Not added to what is there: two builds of ROS in one process do not work.
  export AMENT_PREFIX_PATH="$_streamo_ros_install:$_streamo_ros_venv"
  export CMAKE_PREFIX_PATH="$_streamo_ros_venv"
  export ROS_DISTRO=$_streamo_ros_distro
  export ROS_VERSION=2
  export ROS_PYTHON_VERSION=3
  unset PYTHONPATH PYTHONHOME
  case ":$PATH:" in
    *":$_streamo_ros_install/bin:$_streamo_ros_venv/bin:"*) ;;
    *) export PATH="$_streamo_ros_install/bin:$_streamo_ros_venv/bin:$PATH" ;;
  esac
  case ":${LD_LIBRARY_PATH:-}:" in
    *":$_streamo_ros_install/lib:$_streamo_ros_venv/lib:"*) ;;
    *)
      LD_LIBRARY_PATH="$_streamo_ros_install/lib:$_streamo_ros_venv/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
      export LD_LIBRARY_PATH
      ;;
  esac
  # Tells the wheels that the library path is set, or else every Python starts itself twice.
  export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
else
  echo "There is no $_streamo_ros_venv: run 'make build' in $_streamo_ros_root first." >&2
fi
unset _streamo_ros_root _streamo_ros_distro _streamo_ros_suffix
unset _streamo_ros_venv _streamo_ros_install
