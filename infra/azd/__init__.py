"""What azd's hooks run after provisioning and deploying. Standard library alone: azd brings no Python packages."""
