# Kept by Vigo; ~/.profile is read behind it.
export EDITOR="${EDITOR:-vim}"
export LESS="${LESS:--R}"
case ":$PATH:" in
*":$HOME/.local/bin:"*) ;;
*) PATH="$HOME/.local/bin:$PATH" ;;
esac
